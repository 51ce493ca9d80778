"""A mailbox for every address: letters are taken over SMTP and shown to people and programs."""
