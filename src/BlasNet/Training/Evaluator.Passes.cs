using System.Buffers;
using System.Diagnostics;
using System.Numerics;
using System.Runtime.InteropServices;
using BlasNet.Execution;
using BlasNet.Graphs;
using BlasNet.Rounds;

namespace BlasNet.Training;

/// <content>The passes of a run.</content>
public sealed partial class Evaluator<TExample>
{
    /// <summary>One thread's passes: one for the examples it is given, or as many as the memory budget asks for.</summary>
    private sealed class Worker(Evaluator<TExample> evaluator) : IDisposable
    {
        private readonly Model _model = evaluator._model;
        private readonly Graph _graph = evaluator._model.NewGraph();
        private readonly IDisposable _engine = evaluator._model.NewEngine(evaluator.Options);
        private readonly MicrobatchSizer _sizer = new();
        private readonly bool[] _seen = new bool[evaluator._model.Parameters.Count];   // scratch

        // Of the last pass: its outputs; for each example, where these end, and with a budget the elements of it and of those before it.
        private readonly List<Expr> _outputs = [];
        private readonly List<int> _ends = [];
        private readonly List<long> _elements = [];
        private int _first;

        // Of the passes before it: results one after another, and whose they are.
        private readonly ArrayBufferWriter<byte> _kept = new();
        private readonly List<(int Example, int Length)> _keptOf = [];
        private ExampleFunctions? _rounds;

        public PhaseTimes Times => (_engine as Engine<float>)?.Times ?? ((Engine<double>)_engine).Times;

        private long GraphLimit => _sizer.Budget == 0 ? long.MaxValue : _sizer.Budget;

        /// <summary>Begins a run, which divides its examples among passes by what it sees itself.</summary>
        public void Begin() => _sizer.Sizes = default;

        public void Compute<T>(ReadOnlySpan<TExample> examples, int first, CancellationToken cancellation)
            where T : unmanaged, IBinaryFloatingPointIeee754<T>
        {
            _kept.ResetWrittenCount();
            _keptOf.Clear();
            _sizer.Budget = evaluator.MemoryBudget / evaluator.Workers;
            _first = first;
            ComputePass<T>(examples, cancellation);
            while (_ends.Count < examples.Length)
            {
                HandOverPass<T>(Keep);   // the next pass takes their place
                cancellation.ThrowIfCancellationRequested();
                examples = examples[_ends.Count..];
                _first += _ends.Count;
                ComputePass<T>(examples, cancellation);
            }
        }

        public void HandOver<T>(ResultHandler<T> handler) where T : unmanaged, IBinaryFloatingPointIeee754<T>
        {
            ReadOnlySpan<T> rest = MemoryMarshal.Cast<byte, T>(_kept.WrittenSpan);
            foreach ((int example, int length) in _keptOf)
            {
                handler(example, rest[..length]);
                rest = rest[length..];
            }

            HandOverPass(handler);
        }

        public void Dispose()
        {
            _rounds?.Dispose();
            _engine.Dispose();
        }

        private void HandOverPass<T>(ResultHandler<T> handler) where T : unmanaged, IBinaryFloatingPointIeee754<T>
        {
            int output = 0;
            for (int example = 0; example < _ends.Count; example++)
            {
                for (; output < _ends[example]; output++)
                {
                    _model.Access.ThrowIfClosed();
                    handler(_first + example, ((Engine<T>)_engine).ValueOf(output));
                }
            }

            GC.KeepAlive(this);
        }

        private void Keep<T>(int example, ReadOnlySpan<T> value) where T : unmanaged
        {
            _keptOf.Add((example, value.Length));
            _kept.Write(MemoryMarshal.AsBytes(value));
        }

        // As many of the examples as there is room for.
        private void ComputePass<T>(ReadOnlySpan<TExample> examples, CancellationToken cancellation) where T : unmanaged, IBinaryFloatingPointIeee754<T>
        {
            var engine = (Engine<T>)_engine;
            Profile? profile = evaluator.Profile;
            engine.Executor.Times = profile is { TimesKernels: true } ? profile : null;
            if (_sizer.Budget == 0)
                Plan(engine, examples, sizer: null, cancellation);
            else
                PlanWithinBudget(engine, examples, cancellation);

            profile?.AddPass(_ends.Count, engine.Plan.PeakBytes);
            engine.Execute();
        }

        // Takes as many examples as are predicted to fit, then checks the prediction against the plan, as a step of training does.
        private void PlanWithinBudget<T>(Engine<T> engine, ReadOnlySpan<TExample> examples, CancellationToken cancellation)
            where T : unmanaged, IBinaryFloatingPointIeee754<T>
        {
            MicrobatchMemory memory = PlanOrRefuse(engine, examples, _sizer, cancellation, out bool isAtLeast);
            while (memory.Bytes > _sizer.Budget)
            {
                if (_ends.Count == 1)
                    throw new MemoryBudgetException(_first, memory.Bytes, _sizer.Budget, evaluator.Workers, isAtLeast, isOfEvaluation: true);

                if (!isAtLeast)
                    _sizer.Add(_elements[^1], memory);

                int fewer = isAtLeast ? _ends.Count / 2 : _sizer.Fewer(CollectionsMarshal.AsSpan(_elements), memory);
                memory = PlanOrRefuse(engine, examples[..fewer], sizer: null, cancellation, out isAtLeast);
            }

            _sizer.Add(_elements[^1], memory);
        }

        private MicrobatchMemory PlanOrRefuse<T>(
            Engine<T> engine, ReadOnlySpan<TExample> examples, MicrobatchSizer? sizer, CancellationToken cancellation, out bool isAtLeast)
            where T : unmanaged, IBinaryFloatingPointIeee754<T>
        {
            isAtLeast = false;
            try
            {
                Graph graph = Plan(engine, examples, sizer, cancellation);
                MicrobatchMemory memory = MicrobatchMemory.Of<T>(engine.Plan, graph.Data, _seen, evaluator.Workers);
                return evaluator._asyncFunction is null ? memory : memory with { ArenaBytes = memory.ArenaBytes + _rounds!.Bytes };
            }
            catch (GraphMemoryException e)
            {
                isAtLeast = true;
                return new MicrobatchMemory(Math.Max(e.Bytes, _sizer.Budget + 1), DataBytes: 0, FixedBytes: 0, Launches: 0, Flops: 0);
            }
        }

        // Builds and plans a pass of the examples, or of as many of them as the sizer has room for.
        private Graph Plan<T>(Engine<T> engine, ReadOnlySpan<TExample> examples, MicrobatchSizer? sizer, CancellationToken cancellation)
            where T : unmanaged, IBinaryFloatingPointIeee754<T>
        {
            _outputs.Clear();
            _ends.Clear();
            _elements.Clear();
            (long start, long before) = (Stopwatch.GetTimestamp(), engine.Times.Total);
            Graph graph = evaluator._asyncFunction is { } function
                ? BuildInRounds(function, examples[..(sizer?.FittingFor(examples.Length) ?? examples.Length)].ToArray(), sizer, cancellation)
                : BuildAtOnce(examples, sizer);
            engine.Times.Build += Stopwatch.GetTimestamp() - start - (engine.Times.Total - before);   // without what rounds have taken
            _model.Access.ThrowIfClosed();
            engine.Prepare(graph, CollectionsMarshal.AsSpan(_outputs));
            return graph;
        }

        private Graph BuildInRounds(
            Func<Graph, TExample, ExprTask<Expr>> function, TExample[] examples, MicrobatchSizer? sizer, CancellationToken cancellation)
        {
            ExampleFunctions rounds = _rounds ??= ExampleFunctions.Over(_engine, _model.NewGraph);
            rounds.RoundLimit = evaluator.RoundLimit;
            for (int i = 1; i <= examples.Length; i++)
                _ends.Add(i);

            rounds.Graph.MemoryLimit = rounds.MemoryLimit = GraphLimit;
            rounds.Run(_first, examples.Length, example => function(rounds.Graph, examples[example]), _outputs, cancellation);
            rounds.Graph.Data.Limit = long.MaxValue;   // constants that passes add are counted with the plan
            if (_sizer.Budget > 0)
            {
                foreach (long elements in MicrobatchSizer.ElementsOf(rounds, examples.Length))
                    AddElements(elements, sizer);
            }

            int[] nodes = [.. _outputs.Select(output => output.IndexIn(rounds.Graph))];
            return rounds.Rest(nodes, _outputs);
        }

        private Graph BuildAtOnce(ReadOnlySpan<TExample> examples, MicrobatchSizer? sizer)
        {
            _graph.Clear();
            _graph.MemoryLimit = GraphLimit;
            using (_graph.Build())
                Build(examples, sizer);

            _graph.Data.Limit = long.MaxValue;
            return _graph;
        }

        private void Build(ReadOnlySpan<TExample> examples, MicrobatchSizer? sizer)
        {
            for (int i = 0; i < examples.Length && (i == 0 || sizer is null || sizer.HasRoom(_elements[i - 1])); i++)
            {
                int nodes = _graph.Count;
                _ends.Add(0);   // counted even if it is refused
                _graph.BeginExample(_first + i);
                evaluator._function!(_graph, examples[i], _outputs);
                _ends[i] = _outputs.Count;
                if (_sizer.Budget > 0)
                    AddElements(MicrobatchSizer.ElementsOf(_graph, nodes, _graph.Count), sizer);
            }
        }

        private void AddElements(long elements, MicrobatchSizer? sizer)
        {
            _elements.Add(elements + (_elements.Count == 0 ? 0 : _elements[^1]));
            sizer?.AddExample(elements);
        }
    }
}
