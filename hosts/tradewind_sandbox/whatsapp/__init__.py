"""WhatsApp as a business and a shopper meet it: the Cloud API on one side, a phone on the other."""
