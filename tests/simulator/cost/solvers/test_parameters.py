from simulator.cost.solvers import SearchedConvolutionParameters


def test_defaults_lie_within_their_ranges():
    for declaration in SearchedConvolutionParameters.declarations().values():
        assert declaration.lower <= declaration.default <= declaration.upper
