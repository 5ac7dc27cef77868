"""One workshop for all tests of the page, with a small model that ships."""

from __future__ import annotations

import pytest

from simulator.whatif.explore.design import Design, Offer
from simulator.whatif.explore.workshop import Workshop

MODEL, HW = "dit-xl-2", "h100-sxm5-80gb"


@pytest.fixture(scope="session")
def offer() -> Offer:
    return Offer.of()


@pytest.fixture(scope="session")
def workshop(offer) -> Workshop:
    return Workshop(offer, patience=60.0)


@pytest.fixture(scope="session")
def design(offer):
    """Function that makes a design of that model from pairs of an address."""

    def made(*pairs: tuple[str, str]) -> Design:
        return Design.of([("model", MODEL), ("hw", HW), *pairs], offer)

    return made
