"""Torch modules of models without a public class; imported only while a pipeline is built."""
