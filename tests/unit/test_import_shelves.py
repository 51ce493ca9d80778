"""Which categories a file of products means."""

from uuid import uuid4

from tradewind.bulk.rules.shelves import Shelf, Shelves


def test_a_category_that_is_being_deleted_is_not_meant_but_one_of_its_name_is_added() -> None:
    top = Shelf(uuid4(), None, "Wear", "wear")
    going = Shelf(uuid4(), top.id, "Shirts", "shirts", deleting=True)
    shelves = Shelves([top, going], uuid4)
    assert shelves.standing([top.id, going.id]) == [top.id]
    assert shelves.find(("Wear",)) == top.id
    found = shelves.find(("Wear", "Shirts"))
    assert found != going.id
    assert [(one.id, one.parent_id, one.handle) for one in shelves.new] == [
        (found, top.id, "wear-shirts")
    ]
