"""Nodes of Chakra traces as messages."""

from tracer.storage.chakra_schema import Attribute, Field, Node, NodeType, chakra_file
from tracer.storage.protobuf_wire import delimited, fields, text


def test_a_node_has_its_fields_under_their_numbers():
    node = Node(id=300, name="gemm", type=NodeType.COMPUTE, control=(1, 2), duration=7, attributes={"stage": "unet"})
    found = dict(fields(memoryview(node.message())))
    assert (found[Field.ID], found[Field.TYPE], found[Field.DURATION]) == (300, 4, 7)
    assert text(found[Field.NAME]) == "gemm"
    assert bytes(found[Field.CONTROL]) == b"\x01\x02"
    attribute = dict(fields(found[Field.ATTRIBUTES]))
    assert (text(attribute[Attribute.NAME]), text(attribute[Attribute.STRING])) == ("stage", "unet")


def test_bytes_are_those_of_the_wire_format():
    """Protocol Buffers, "Encoding": field 1 as a varint of 150 is 08 96 01; a text behind its length."""
    node = Node(id=150, name="a", type=NodeType.COMPUTE)
    assert node.message() == bytes.fromhex("089601 120161 1804 3000 3800")


def test_a_file_is_the_version_and_the_nodes_behind_their_lengths():
    nodes = [Node(id=n, name="x", type=NodeType.COMPUTE) for n in range(3)]
    version, *rest = delimited(memoryview(chakra_file(nodes)))
    assert text(dict(fields(version))[1]) == "0.0.4"
    assert [bytes(message) for message in rest] == [node.message() for node in nodes]
