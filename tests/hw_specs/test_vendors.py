from hw_specs.catalogue import load_file
from hw_specs.listing.names import accelerator_files
from hw_specs.vendors import maker_words, vendor_of_processor, vendors


def test_every_vendor_of_the_catalogue_is_listed_once() -> None:
    names = [vendor.name for vendor in vendors()]
    assert len(names) == len(set(names))
    assert {load_file(path).vendor for path in accelerator_files()} == set(names)


def test_words_in_front_of_a_name() -> None:
    assert {"nvidia", "geforce", "instinct", "habana"} <= maker_words()


def test_processors_name_their_maker() -> None:
    assert vendor_of_processor("GenuineIntel") == "Intel"
    assert vendor_of_processor("HygonGenuine") == "HygonGenuine"
