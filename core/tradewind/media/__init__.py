"""What a store keeps of pictures and files, and how the sizes of a picture are named."""
