using System.Runtime.InteropServices;
using BlasNet.Batching;
using BlasNet.Differentiation;
using BlasNet.Graphs;

namespace BlasNet.Execution;

/// <summary>All that a kept plan relies on: it fits another minibatch graph if everything agrees but the numbers that the examples bring.</summary>
/// <remarks>Structure is compared as a whole, never by a hash alone. Of numbers the plan relies on those that the passes have added, and on which
/// integers are equal, where values were found to be the same by that.</remarks>
internal sealed class PlanKey(Precision precision)
{
    private readonly Graph _structure = new(precision);
    private readonly List<int> _outputs = [];
    private readonly List<Parameter> _parameters = [];
    private readonly PerExample _perExample = new();
    private readonly List<(long Place, double Value)> _constants = [];
    private readonly List<(long First, long Second)> _equalities = [];
    private int _loss, _numbers;
    private bool _isPerExample, _isRound;

    /// <summary>Becomes the key of a request, before the passes run.</summary>
    public void Take(in PlanRequest request)
    {
        Graph graph = request.Graph;
        _structure.TakeStructure(graph);
        _outputs.Clear();
        foreach (Expr output in request.Outputs)
            _outputs.Add(output.IndexIn(graph));

        _parameters.Clear();
        _parameters.AddRange(request.Parameters);
        (_loss, _isPerExample, _isRound) = (request.Loss?.Index ?? -1, request.PerExample is not null, request.Round is not null);
        if (request.PerExample is { } perExample)
            _perExample.Take(perExample);

        _numbers = NumbersOf(graph);
    }

    /// <summary>Notes on which numbers the plan relies, when the passes have run.</summary>
    /// <param name="planned">The graph of the plan.</param>
    /// <param name="equalities">Places of integers that are equal.</param>
    public void TakeNumbers(Graph planned, IReadOnlyList<(long First, long Second)> equalities)
    {
        _constants.Clear();
        for (int node = 0; node < planned.Count; node++)
        {
            long place = planned.AttributeOf(node);
            if (MergeRules.IsNumber(planned.TypeOf(node)) && (int)place >= _numbers)
                _constants.Add((place, planned.Data.ElementAt(place, 0)));
        }

        _constants.Sort();
        _equalities.Clear();
        _equalities.AddRange(equalities);
    }

    /// <summary>Whether the plan fits a request. If it does, the numbers that the passes added are added to the request's graph.</summary>
    public bool TryFit(in PlanRequest request) =>
        request.Graph.HasStructureOf(_structure) && AsksTheSame(request) && TryFitNumbers(request.Graph.Data);

    /// <summary>Whether the plan, which fits in structure, fits the numbers of a graph. If it does, those that the passes added are added to them.</summary>
    public bool TryFitNumbers(DataPools data)
    {
        foreach ((long first, long second) in _equalities)
        {
            if (!data.HasBitsOf(first, data.ElementAt(second, 0)))
                return false;
        }

        foreach ((long place, double value) in _constants)
        {
            if (!data.TryPlace(ConstantOperator.Instance, place, value))
                return false;
        }

        return true;
    }

    private bool AsksTheSame(in PlanRequest request)
    {
        if (request.Outputs.Length != _outputs.Count || (request.Loss?.Index ?? -1) != _loss
            || (request.PerExample is not null) != _isPerExample || (request.Round is not null) != _isRound
            || !request.Parameters.SequenceEqual(CollectionsMarshal.AsSpan(_parameters)) || request.PerExample?.AsksTheSameAs(_perExample) == false)
            return false;

        for (int i = 0; i < _outputs.Count; i++)
        {
            if (request.Outputs[i].IndexIn(request.Graph) != _outputs[i])
                return false;
        }

        return true;
    }

    private static int NumbersOf(Graph graph) => graph.Data.CountOf(ConstantOperator.Instance, rows: 1);
}
