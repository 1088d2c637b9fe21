using System.Diagnostics;
using System.Numerics;
using System.Runtime.InteropServices;
using BlasNet.Execution;
using BlasNet.Graphs;
using BlasNet.Kernels;
using BlasNet.Rounds;

namespace BlasNet.Training;

/// <content>One run: its access to the model, and the workers it has for itself.</content>
public sealed partial class Evaluator<TExample>
{
    private readonly struct Session<T> : IDisposable where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        private readonly Evaluator<TExample> _evaluator;
        private readonly ResultHandler<T> _handler;
        private readonly ModelAccess.Scope _reading;
        private readonly WorkerTeam<Worker> _team;
        private readonly int _workers;
        private readonly RankResults<T>? _ranks;
        private readonly Activity? _activity;

        public Session(Evaluator<TExample> evaluator, ResultHandler<T> handler)
        {
            (_evaluator, _handler, _workers) = (evaluator, handler, evaluator.Workers);
            _ranks = evaluator.Communicator is { Size: > 1 } ranks ? new RankResults<T>(ranks, evaluator._model) : null;
            GroupSize = (int)Math.Min((long)evaluator.ComputeBatch * _workers * (_ranks?.Size ?? 1), Array.MaxLength);
            _team = evaluator._teams.Rent() ?? new WorkerTeam<Worker>(evaluator._model, () => new Worker(evaluator));
            _reading = evaluator._model.Access.Read();
            _activity = Telemetry.BeginEvaluation();
        }

        /// <summary>How many examples all workers of all ranks together compute at once.</summary>
        public int GroupSize { get; }

        /// <summary>Evaluates some examples and hands their results over.</summary>
        /// <param name="examples">Those of one pass of each worker of each rank.</param>
        /// <param name="first">The number of the first of them.</param>
        /// <param name="cancellation">Asked before.</param>
        public void Compute(ReadOnlySpan<TExample> examples, int first, CancellationToken cancellation)
        {
            if (_ranks is null)
            {
                cancellation.ThrowIfCancellationRequested();
                ComputePart(examples, first, cancellation);
                HandOver(Math.Min(_workers, examples.Length), _handler);
                return;
            }

            (int start, int end) = _ranks.Begin(examples.Length, cancellation);
            Exception? error = null;
            try
            {
                ComputePart(examples[start..end], first + start, cancellation: default);   // ranks stop together, between passes
                HandOver(Math.Min(_workers, end - start), _ranks.Add);
            }
            catch (Exception e)
            {
                error = e;
            }

            _ranks.HandOver(first, error, _handler, cancellation);
        }

        private void ComputePart(ReadOnlySpan<TExample> examples, int first, CancellationToken cancellation)
        {
            using ComputeSettings.Scope settings = _evaluator.Options.Settings.Use();
            Telemetry.AddEvaluations(examples.Length);
            int workers = Math.Min(_workers, examples.Length);
            Profile? profile = _evaluator.Profile;
            Profile.Moment? begin = workers == 0 ? null : profile?.Begin(_team[0].Times);
            if (workers == 1)
                _team[0].Compute<T>(examples, first, cancellation);
            else if (workers > 1)
                ComputeOnThreads(examples.ToArray(), workers, first, cancellation);

            if (begin is { } moment)
                profile!.End(moment);
        }

        private void ComputeOnThreads(TExample[] examples, int workers, int first, CancellationToken cancellation)
        {
            Profile? profile = _evaluator.Profile;
            _team.Run(examples.Length, workers, (worker, start, end) =>
            {
                PhaseTimes? before = start == 0 || profile is null ? null : worker.Times.Copy();
                worker.Compute<T>(examples.AsSpan(start..end), first + start, cancellation);
                if (before is not null)
                    profile!.AddWorker(worker.Times, before);
            });
        }

        private void HandOver(int workers, ResultHandler<T> handler)
        {
            for (int worker = 0; worker < workers; worker++)
                _team[worker].HandOver(handler);
        }

        public void Dispose()
        {
            _activity?.Dispose();
            _ranks?.Dispose();
            _evaluator._teams.Return(_team, _workers);
            _reading.Dispose();
        }
    }

    /// <summary>One thread's passes.</summary>
    private sealed class Worker(Evaluator<TExample> evaluator) : IDisposable
    {
        private readonly Model _model = evaluator._model;
        private readonly Graph _graph = evaluator._model.NewGraph();
        private readonly IDisposable _engine = evaluator._model.NewEngine(evaluator.Options);
        private readonly List<Expr> _outputs = [];
        private readonly List<int> _ends = [];   // for each example, of its outputs
        private ExampleFunctions? _rounds;
        private int _first;

        public PhaseTimes Times => (_engine as Engine<float>)?.Times ?? ((Engine<double>)_engine).Times;

        public void Compute<T>(ReadOnlySpan<TExample> examples, int first, CancellationToken cancellation)
            where T : unmanaged, IBinaryFloatingPointIeee754<T>
        {
            _first = first;
            _outputs.Clear();
            _ends.Clear();
            var engine = (Engine<T>)_engine;
            Profile? profile = evaluator.Profile;
            engine.Executor.Times = profile is { TimesKernels: true } ? profile : null;
            (long start, long before) = (Stopwatch.GetTimestamp(), engine.Times.Total);
            Graph graph = evaluator._asyncFunction is { } function
                ? BuildInRounds(function, examples.ToArray(), first, cancellation)
                : BuildAtOnce(examples, first);
            engine.Times.Build += Stopwatch.GetTimestamp() - start - (engine.Times.Total - before);   // without what rounds have taken
            _model.Access.ThrowIfClosed();
            engine.Prepare(graph, CollectionsMarshal.AsSpan(_outputs));
            profile?.AddPass(examples.Length, engine.Plan.PeakBytes);
            engine.Execute();
        }

        private Graph BuildInRounds(Func<Graph, TExample, ExprTask<Expr>> function, TExample[] examples, int first, CancellationToken cancellation)
        {
            ExampleFunctions rounds = _rounds ??= ExampleFunctions.Over(_engine, _model.NewGraph);
            rounds.RoundLimit = evaluator.RoundLimit;
            rounds.Run(first, examples.Length, example => function(rounds.Graph, examples[example]), _outputs, cancellation);
            int[] nodes = new int[examples.Length];
            for (int i = 0; i < nodes.Length; i++)
            {
                nodes[i] = _outputs[i].IndexIn(rounds.Graph);
                _ends.Add(i + 1);
            }

            return rounds.Rest(nodes, _outputs);
        }

        private Graph BuildAtOnce(ReadOnlySpan<TExample> examples, int first)
        {
            _graph.Clear();
            using (_graph.Build())
                Build(examples, first);

            return _graph;
        }

        private void Build(ReadOnlySpan<TExample> examples, int first)
        {
            for (int i = 0; i < examples.Length; i++)
            {
                _graph.BeginExample(first + i);
                evaluator._function!(_graph, examples[i], _outputs);
                _ends.Add(_outputs.Count);
            }
        }

        public void HandOver<T>(ResultHandler<T> handler) where T : unmanaged, IBinaryFloatingPointIeee754<T>
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

        public void Dispose()
        {
            _rounds?.Dispose();
            _engine.Dispose();
        }
    }
}
