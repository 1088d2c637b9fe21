using System.Diagnostics;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using BlasNet.Execution;
using BlasNet.Graphs;
using BlasNet.Kernels;

namespace BlasNet.Training;

/// <content>The passes of a step.</content>
public sealed partial class Trainer<TExample>
{
    /// <summary>One thread's passes of a step: prepares each and computes it. While one is computed, a free thread of the pool prepares the next.</summary>
    /// <remarks>That thread works only while kernels run on this one, never beside a function of the user's. What it prepares, its errors too, is kept until its
    /// turn comes, so that a training is the same with it and without.</remarks>
    private sealed class MicrobatchRunner
    {
        private readonly Trainer<TExample> _trainer;
        private readonly Prefetch _preparation;
        private readonly MicrobatchSizer _sizer = new();
        private Microbatch _pass, _next;
        private (StepExamples Examples, int First, int End, int ComputeBatch) _upcoming;   // of which the next pass is, or its beginning
        private Exception? _error;   // instead of the next pass

        public MicrobatchRunner(Trainer<TExample> trainer, WorkerGradient share)
        {
            (_trainer, Share) = (trainer, share);
            (_pass, _next) = (NewPass(), NewPass());
            _preparation = new Prefetch(PrepareNext);

            Microbatch NewPass() => new(trainer.Model.NewGraph()) { Graph = { IsTraining = true } };
        }

        public WorkerGradient Share { get; }

        /// <summary>What the sizes of the passes computed so far have told.</summary>
        public MicrobatchSizes Sizes { get; private set; }

        /// <summary>The pass whose loss, or other value, is not finite: its first example in the step, and how many it has.</summary>
        public (int First, int Count)? NonFinite { get; private set; }

        /// <summary>Whether the next pass has been prepared, or has failed to be.</summary>
        public bool IsAhead { get; private set; }

        /// <summary>On the thread that prepares the next pass: its step. Null elsewhere.</summary>
        public long? StepAhead => _preparation.IsCurrent ? _upcoming.Examples.Step : null;

        public MicrobatchMemory LastPassMemory(int workers) => Share.Memory(_pass, workers);

        public void Begin(MicrobatchSizes sizes)
        {
            if (!IsAhead)
                _sizer.Sizes = Sizes = sizes;

            (_sizer.Budget, NonFinite) = (_trainer.BudgetOfWorker, null);
            Share.DetectAnomalies = _trainer.DetectAnomalies;
            Share.Begin();
        }

        /// <summary>Computes some of a step's examples, up to the first pass that is not finite.</summary>
        /// <param name="examples">The step's.</param>
        /// <param name="start">The first of them.</param>
        /// <param name="end">The first that is not one of them any more.</param>
        /// <param name="computeBatch">At most how many in a pass; 0 for all of them.</param>
        /// <param name="nextStep">The step after this one, if it is known.</param>
        public void Run(StepExamples examples, int start, int end, int computeBatch, StepExamples? nextStep = null)
        {
            for (int first = start; first < end && NonFinite is null; first += _pass.Count)
            {
                Take((examples, first, end, computeBatch));
                int following = first + _pass.Count;
                bool prepares = _trainer.PrepareAhead && _trainer.Workers == 1 && (following < end || nextStep is not null) && !_preparation.IsTooEarly;
                if (prepares)
                {
                    _upcoming = following < end ? (examples, following, end, computeBatch) : (nextStep!, 0, nextStep!.Count, computeBatch);
                    while (!_preparation.Start() && _trainer._awaitsPreparation)
                        Thread.Yield();
                }

                try
                {
                    Compute(examples, first);
                }
                finally
                {
                    IsAhead = prepares && _preparation.Finish(takeBack: !_trainer._awaitsPreparation);
                    if (_preparation.IsTooEarly)
                        Drop();
                }
            }
        }

        /// <summary>Forgets the pass prepared ahead.</summary>
        public void Drop()
        {
            (IsAhead, _error, _sizer.Sizes) = (false, null, Sizes);
            _next.Hold(null);
        }

        /// <summary>Goes on with what another trainer's passes have told.</summary>
        public void Restart(MicrobatchSizes sizes)
        {
            Drop();
            _sizer.Sizes = Sizes = sizes;
        }

        /// <summary>Computes one example by itself, as its user wrote it.</summary>
        public Examination Examine(StepExamples examples, int number)
        {
            _pass.Graph.MemoryLimit = long.MaxValue;
            Build(_pass, examples, number, 1);
            return _trainer._accumulator.Examine(_pass.Graph, _pass.Examples.Losses[0]);
        }

        private void Take((StepExamples Examples, int First, int End, int ComputeBatch) part)
        {
            try
            {
                if (!IsAhead)
                    Prepare(_pass, part);
                else if (_error is not null)
                    ExceptionDispatchInfo.Throw(_error);
                else
                    (_pass, _next) = (_next, _pass);
            }
            finally
            {
                (IsAhead, _error, Sizes) = (false, null, _sizer.Sizes);
            }
        }

        private void PrepareNext()
        {
            try
            {
                Prepare(_next, _upcoming);
            }
            catch (Exception e)
            {
                _error = e;
            }
        }

        // As many of the examples as fit; what the graph's size foretells is checked against the plan.
        private void Prepare(Microbatch pass, (StepExamples Examples, int First, int End, int ComputeBatch) part)
        {
            (StepExamples examples, int first, int end, int computeBatch) = part;
            examples.Load();
            int count = computeBatch == 0 ? end - first : Math.Min(computeBatch, end - first);
            if (_sizer.Budget == 0)
            {
                Plan(pass, examples, first, count);
                return;
            }

            Plan(pass, examples, first, count, _sizer);
            while (pass.Memory.Bytes > _sizer.Budget)
            {
                if (pass.Count == 1)
                    throw new MemoryBudgetException(first, pass.Memory.Bytes, _sizer.Budget, _trainer.Workers, isAtLeast: pass.Compiled is null);

                if (pass.Compiled is null)
                {
                    Plan(pass, examples, first, pass.Count / 2);   // by how much it is too large is not known
                    continue;
                }

                _sizer.AddPass(pass.Ends[^1], pass.Memory);
                Plan(pass, examples, first, _sizer.Fewer(CollectionsMarshal.AsSpan(pass.Ends), pass.Memory));
            }

            _sizer.AddPass(pass.Ends[^1], pass.Memory);
        }

        // Builds and plans a pass of so many examples, or of as many of them as a sizer has room for.
        private void Plan(Microbatch pass, StepExamples examples, int first, int count, MicrobatchSizer? sizer = null)
        {
            long begin = Stopwatch.GetTimestamp();
            pass.Graph.MemoryLimit = _sizer.Budget == 0 ? long.MaxValue : _sizer.Budget;
            Build(pass, examples, first, count, sizer);
            pass.Graph.Data.Limit = long.MaxValue;   // numbers that the plan adds are looked at with the plan
            Share.Times.Build += Stopwatch.GetTimestamp() - begin;
            try
            {
                Share.Prepare(pass);
                pass.Memory = _sizer.Budget == 0 ? default : Share.Memory(pass, _trainer.Workers);
            }
            catch (GraphMemoryException e)
            {
                pass.Memory = new MicrobatchMemory(e.Bytes, pass.Graph.Data.Bytes, FixedBytes: 0, Launches: 0, Flops: 0);
            }
        }

        private void Compute(StepExamples examples, int first)
        {
            Share.Add(_pass, examples.WeightOf(first, _pass.Count));
            if (Share.Anomaly is not null || !double.IsFinite(Share.Sums.Loss))
                NonFinite = (first, _pass.Count);
            else if (first == 0)
                _trainer.MeasureFirstPass();
        }

        // The minibatch graph: the examples' graphs side by side.
        private void Build(Microbatch pass, StepExamples examples, int first, int count, MicrobatchSizer? sizer = null)
        {
            Graph graph = pass.Graph;
            pass.Clear(unchecked(_trainer.Model.Seed * 1_000_003L + examples.Step), _trainer.WantsByExample, _trainer.ClipExampleNorm);
            for (int i = 0; i < count && (i == 0 || sizer is null || sizer.HasRoom(pass.Ends[i - 1])); i++)
            {
                int nodes = graph.Count;
                pass.Examples.Starts.Add(nodes);
                try
                {
                    pass.Examples.Losses.Add(_trainer.BuildLoss(graph, examples, first + i));
                }
                catch (GraphMemoryException e) when (i == 0)
                {
                    throw new MemoryBudgetException(first, e.Bytes, _sizer.Budget, _trainer.Workers, isAtLeast: true);
                }
                catch (GraphMemoryException)
                {
                    Build(pass, examples, first, i);   // without the one that has no room
                    return;
                }

                if (_sizer.Budget == 0)
                    continue;

                long elements = MicrobatchSizer.ElementsOf(graph, nodes);
                pass.Ends.Add(elements + (i == 0 ? 0 : pass.Ends[i - 1]));
                sizer?.AddExample(elements);

                // The numbers of two passes are there at once: what the budget has no room for comes when the first of them has been computed.
                if (_preparation.IsCurrent && _pass.Memory.Bytes + graph.Data.Bytes > _sizer.Budget)
                    _preparation.AwaitOwner();
            }
        }
    }
}
