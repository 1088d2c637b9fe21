using System.Diagnostics;
using System.Numerics;
using BlasNet.Execution;
using BlasNet.Kernels;

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
            foreach (Worker worker in _team.Made)
                worker.Begin();

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
}
