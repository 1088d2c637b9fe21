using System.Runtime.InteropServices;
using BlasNet.Batching;
using BlasNet.Differentiation;
using BlasNet.Graphs;
using BlasNet.Memory;

namespace BlasNet.Execution;

/// <summary>All that a kept plan relies on: it fits another minibatch graph if everything agrees but the numbers that the examples bring.</summary>
/// <remarks>Structure is compared as a whole, never by a hash alone. Of numbers the plan relies on those that the passes have added, and on which
/// integers are equal and which are not, where that decides which values are the same: so it is the plan that would be made anew.</remarks>
internal sealed class PlanKey(Precision precision)
{
    private readonly Graph _structure = new(precision);
    private readonly List<int> _outputs = [];
    private readonly List<Parameter> _parameters = [];
    private readonly PerExample _perExample = new();
    private readonly List<(long Place, double Value)> _constants = [];
    private readonly List<(long First, long Second)> _equal = [];
    private readonly List<IntegerFacts.Reader> _different = [];
    private readonly List<long> _integers = [];   // places of what they read
    private readonly HashSet<(int Group, ulong Integers)> _seen = [];   // scratch
    private IntegerFacts? _integerFacts;   // whether integers are compared
    private int _loss, _numbers;
    private bool _isPerExample, _isRound, _comparesIntegers;

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
    /// <param name="integers">What the passes have found of integers.</param>
    public void TakeNumbers(Graph planned, IntegerFacts integers)
    {
        _constants.Clear();
        for (int node = 0; node < planned.Count; node++)
        {
            long place = planned.AttributeOf(node);
            if (MergeRules.IsNumber(planned.TypeOf(node)) && (int)place >= _numbers)
                _constants.Add((place, planned.Data.ElementAt(place, 0)));
        }

        _constants.Sort();
        _equal.Clear();
        _equal.AddRange(integers.Equal);
        integers.CopyDifferent(_different, _integers);
        (_integerFacts, _comparesIntegers) = (integers, integers.Compares(planned.Data));
    }

    /// <summary>Whether the plan fits a request. If it does, the numbers that the passes added are added to the request's graph.</summary>
    public bool TryFit(in PlanRequest request) =>
        request.Graph.HasStructureOf(_structure) && AsksTheSame(request) && TryFitNumbers(request.Graph.Data);

    /// <summary>Whether the plan, which fits in structure, fits the numbers of a graph. If it does, those that the passes added are added to them.</summary>
    public bool TryFitNumbers(DataPools data)
    {
        foreach ((long first, long second) in _equal)
        {
            if (!data.HasBitsOf(first, data.ElementAt(second, 0)))
                return false;
        }

        if (_integerFacts?.Compares(data) != _comparesIntegers || !AreDifferent(data))
            return false;

        foreach ((long place, double value) in _constants)
        {
            if (!data.TryPlace(ConstantOperator.Instance, place, value))
                return false;
        }

        return true;
    }

    // By a hash where one reads several integers: a plan that is not found is made anew.
    private bool AreDifferent(DataPools data)
    {
        _seen.Clear();
        foreach (IntegerFacts.Reader reader in _different)
        {
            ulong integers = 0;
            foreach (long place in CollectionsMarshal.AsSpan(_integers).Slice(reader.Start, reader.Width))
                integers = (integers * Hashing.Multiplier) + BitConverter.DoubleToUInt64Bits(data.ElementAt(place, 0));

            if (!_seen.Add((reader.Group, integers)))
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
