"""What a demo host starts with: two stores and their merchandise, pictures included."""
