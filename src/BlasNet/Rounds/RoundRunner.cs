using System.Numerics;
using System.Runtime.InteropServices;
using BlasNet.Execution;
using BlasNet.Graphs;
using BlasNet.Graphs.Awaiting;

namespace BlasNet.Rounds;

/// <summary>Computes the rounds of a microbatch: what is asked for of the examples' graph, and nothing twice.</summary>
/// <remarks>Each round batches, plans and computes what it adds; its values stay where they are, as data of later rounds. For a backward pass the batched
/// graphs are recorded, and the last round differentiates all of them as one graph. One thread at a time.</remarks>
internal sealed unsafe class RoundRunner<T> : ExampleFunctions where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly Engine<T> _engine;
    private readonly RoundGraph _part;
    private readonly KnownValues _known;
    private readonly NodeNumbers _awaited = new();   // addresses of values that examples have waited for
    private readonly RoundMemory<T> _memory = new();
    private readonly Tape _tape;
    private readonly RoundValues _values, _recordedValues;
    private readonly AwaitedNumbers _numbers;
    private readonly Dictionary<(int Output, int Rows, int First), long> _lent = [];
    private readonly List<Expr> _outputs = [];
    private (int Rows, int First, long Pool)[] _lentLast = [];   // by output: most nodes follow one of the same rows
    private T* _arena;   // of the last round that did not repeat another

    /// <param name="engine">Computes the rounds.</param>
    /// <param name="examples">Receives the examples' graphs.</param>
    /// <param name="part">Another graph of the same model.</param>
    public RoundRunner(Engine<T> engine, Graph examples, Graph part)
        : base(examples)
    {
        _known = new KnownValues(examples);
        (_engine, _part) = (engine, new RoundGraph(part, _known));
        _numbers = new AwaitedNumbers(examples.Precision, _memory);
        _tape = new Tape(new Graph(examples.Precision));
        (_values, _recordedValues) = (new RoundValues(tape: null), new RoundValues(_tape));
    }

    public override long Bytes => _memory.Bytes;

    public override long HeldBytes => _memory.HeldBytes;

    private RoundValues Values => Records ? _recordedValues : _values;

    public override bool IsKnown(int node)
    {
        if (_awaited.TryGet(node, out _))
            return true;

        if (!_known.TryGet(node, out long place))
            return false;

        _awaited.Set(Graph, node, Graph.Data.AddressOf(place));
        return true;
    }

    public override ExprValue ValueOf(int node) => new(_numbers, _awaited.TryGet(node, out long address) ? (nint)address : 0, Graph.ShapeOf(node));

    public override Graph Rest(ReadOnlySpan<int> wanted, List<Expr> outputs)
    {
        _part.Run(Graph, wanted, isAlone: !Records);
        outputs.Clear();
        foreach (int node in wanted)
            outputs.Add(_part.At(node));

        return _part.Target;
    }

    /// <summary>Makes the plan of the gradient of a loss, over all rounds.</summary>
    /// <param name="loss">A scalar of the examples' graph; the plan's only output.</param>
    /// <param name="parameters">Those whose gradient is wanted.</param>
    public CompiledPlan CompileGradient(Expr loss, ReadOnlySpan<Parameter> parameters)
    {
        Graph rest = Rest([loss.Index], _outputs);
        return _engine.Compile(new PlanRequest(rest, CollectionsMarshal.AsSpan(_outputs), _outputs[0], parameters, perExample: null) { Round = Values });
    }

    protected override void Compute(ReadOnlySpan<int> wanted)
    {
        bool repeats = !Records && _part.TryRepeat(Graph, wanted) && _engine.TryUseAgain();
        if (!repeats)
        {
            Graph round = Rest(wanted, _outputs);
            var request = new PlanRequest(round, CollectionsMarshal.AsSpan(_outputs), loss: null, [], perExample: null) { Round = Values };
            _engine.Use(_engine.Compile(request), round);
        }

        if (_memory.Bytes + _engine.Plan.PeakBytes > MemoryLimit)
            throw new GraphMemoryException(_memory.Bytes + _engine.Plan.PeakBytes);

        T* arena = _memory.Take(_engine.Plan.ArenaLength);
        _engine.ExecuteInto(arena);
        if (repeats)
            KeepRepeated(arena);
        else
            Keep(arena, arena + _engine.Plan.ArenaLength);

        for (int i = 0; i < wanted.Length; i++)
            _awaited.Set(Graph, wanted[i], (nint)LastingAddressOf(i, arena));
    }

    protected override void Forget()
    {
        base.Forget();
        Graph.Clear();
        _known.Clear();
        _memory.Clear();
        _numbers.Forget();
        _awaited.Clear();
        _tape.Clear(Graph);
    }

    private void KeepRepeated(T* arena)
    {
        RepeatedCount++;
        _known.AddRepeat(_part.First, _part.End, _part.Distance, (nint)((byte*)arena - (byte*)_arena));
    }

    // What lies elsewhere than in the round's own memory may move.
    private T* LastingAddressOf(int output, T* arena)
    {
        if (IsWithin(output, arena, arena + _engine.Plan.ArenaLength))
            return _engine.AddressOf(output);

        ReadOnlySpan<T> value = _engine.ValueOf(output);
        T* copy = _memory.Take(value.Length);
        value.CopyTo(new Span<T>(copy, value.Length));
        return copy;
    }

    private void Keep(T* start, T* end)
    {
        _arena = start;
        _lent.Clear();
        Array.Clear(_lentLast);
        foreach (var (node, copy) in _part.Computed)
        {
            if (Values.PlaceOf(copy) is { Node: >= 0 } place && IsWithin(place.Node, start, end))
                _known.Set(node, PlaceOf(place, Graph.ShapeOf(node).Rows));
        }

        if (!Records)
            return;

        foreach (var (node, output) in Values.Recorded)
        {
            if (!IsWithin(output, start, end))
                continue;

            _tape.KnowLender(new Location(node));
            _tape.Know(node, Graph.Data.Borrow((nint)_engine.AddressOf(output), _tape.Target.ShapeOf(node).Rows));
        }
    }

    private bool IsWithin(int output, T* start, T* end) => _engine.AddressOf(output) is var address && address >= start && address < end;

    // Columns of an output are one pool, so that those that lie in order are a stack. They need not begin where the output does.
    private long PlaceOf(Location place, int rows)
    {
        (int column, int first) = Math.DivRem(place.Offset, rows);
        if (place.Node >= _lentLast.Length)
            Array.Resize(ref _lentLast, Math.Max(16, 2 * (place.Node + 1)));

        ref (int Rows, int First, long Pool) last = ref _lentLast[place.Node];
        if (last.Rows != rows || last.First != first)
            last = (rows, first, PoolOf(place.Node, rows, first));

        return last.Pool + column;
    }

    private long PoolOf(int output, int rows, int first)
    {
        ref long pool = ref CollectionsMarshal.GetValueRefOrAddDefault(_lent, (output, rows, first), out bool isKnown);
        if (!isKnown)
            pool = Lend(output, rows, first);

        return pool;
    }

    private long Lend(int output, int rows, int first)
    {
        if (Records)
            _tape.KnowLender(Values.RecordedPlaceOf(output) is var recorded ? recorded with { Offset = recorded.Offset + first } : default);

        return Graph.Data.Borrow((nint)(_engine.AddressOf(output) + first), rows);
    }

    public override void Dispose()
    {
        _numbers.Forget();
        _memory.Dispose();
    }
}
