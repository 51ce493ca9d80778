-- Since when a category is being deleted: it is there until its last product has been taken off it.
ALTER TABLE shop.categories ADD COLUMN deleted_at timestamptz;
