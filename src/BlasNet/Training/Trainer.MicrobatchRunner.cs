using System.Diagnostics;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using BlasNet.Execution;
using BlasNet.Graphs;
using BlasNet.Kernels;

namespace BlasNet.Training;

/// <content>The microbatches of a step.</content>
public sealed partial class Trainer<TExample>
{
    /// <summary>One thread's microbatches of a step: prepares each and computes it. While one is computed, a free thread of the pool prepares the next.
    /// </summary>
    /// <remarks>That thread works only while kernels run on this one, never beside a function of the user's. What it prepares, its errors too, is kept
    /// until its turn comes, so that a training is the same with it and without.</remarks>
    private sealed partial class MicrobatchRunner
    {
        private const int OwnPart = -1;   // as the end of a range: this rank's part of the step, which is divided when it is prepared

        private readonly Trainer<TExample> _trainer;
        private readonly Prefetch _preparation;
        private readonly MicrobatchSizer _sizer = new();
        private Microbatch _microbatch, _next;
        private (StepExamples Examples, int First, int End, int ComputeBatch) _upcoming;   // the range from which the next microbatch is taken
        private Exception? _error;   // of preparing the next microbatch

        public MicrobatchRunner(Trainer<TExample> trainer, WorkerGradient share)
        {
            (_trainer, Share) = (trainer, share);
            (_microbatch, _next) = (NewMicrobatch(), NewMicrobatch());
            _preparation = new Prefetch(PrepareNext);

            Microbatch NewMicrobatch() => new(trainer.Model.NewGraph()) { Graph = { IsTraining = true } };
        }

        public WorkerGradient Share { get; }

        /// <summary>What the sizer has learned from the microbatches computed so far.</summary>
        public MicrobatchSizes Sizes { get; private set; }

        /// <summary>The microbatch whose loss or other value is not finite: its first example in the step, and the number of its examples.</summary>
        public (int First, int Count)? NonFinite { get; private set; }

        /// <summary>Whether the next microbatch has been prepared, or has failed to be.</summary>
        public bool IsAhead { get; private set; }

        /// <summary>On the thread that prepares the next microbatch: its step. Null elsewhere.</summary>
        public long? StepAhead => _preparation.IsCurrent ? _upcoming.Examples.Step : null;

        private bool PreparesAhead => _trainer is { PrepareAhead: true, Workers: 1, _asyncLoss: null } && !_preparation.IsTooEarly;

        public MicrobatchMemory LastPassMemory(int workers) => Share.Memory(_microbatch, workers);

        public void Begin(MicrobatchSizes sizes)
        {
            if (!IsAhead)
                _sizer.Sizes = Sizes = sizes;

            (_sizer.Budget, NonFinite) = (_trainer.BudgetOfWorker, null);
            (Share.DetectAnomalies, Share.Profile) = (_trainer.DetectAnomalies, _trainer.Profile);
            Share.Begin();
        }

        /// <summary>Computes some of a step's examples, up to the first microbatch that is not finite.</summary>
        /// <param name="examples">The step's.</param>
        /// <param name="start">The first of them.</param>
        /// <param name="end">The example after the last of them.</param>
        /// <param name="computeBatch">Most examples of a microbatch; 0 for all of them.</param>
        /// <param name="nextStep">The step after this one, if it is known.</param>
        public void Run(StepExamples examples, int start, int end, int computeBatch, StepExamples? nextStep = null)
        {
            for (int first = start; first < end && NonFinite is null; first += _microbatch.Count)
            {
                Take((examples, first, end, computeBatch));
                int following = first + _microbatch.Count;
                bool prepares = PreparesAhead && (following < end || nextStep is not null);
                if (prepares)
                {
                    _upcoming = following < end ? (examples, following, end, computeBatch) : (nextStep!, 0, OwnPart, computeBatch);
                    while (!_preparation.Start() && _trainer.Options.AwaitPreparation)
                        Thread.Yield();
                }

                try
                {
                    Compute(examples, first);
                }
                finally
                {
                    IsAhead = prepares && _preparation.Finish(takeBack: !_trainer.Options.AwaitPreparation);
                    if (_preparation.IsTooEarly)
                        Drop();
                }
            }
        }

        /// <summary>Prepares the first microbatch of the next step on the calling thread, unless another one has.</summary>
        public void PrepareHere(StepExamples nextStep)
        {
            if (IsAhead || !PreparesAhead)
                return;

            _upcoming = (nextStep, 0, OwnPart, _trainer.ComputeBatch);
            _preparation.RunHere();
            IsAhead = true;
            if (_preparation.IsTooEarly)
                Drop();
        }

        /// <summary>Forgets the microbatch prepared ahead.</summary>
        public void Drop()
        {
            (IsAhead, _error, _sizer.Sizes) = (false, null, Sizes);
            _next.Hold(null);
        }

        /// <summary>Goes on from what another trainer's sizer has learned.</summary>
        public void Restart(MicrobatchSizes sizes)
        {
            Drop();
            _sizer.Sizes = Sizes = sizes;
        }

        /// <summary>Computes one example separately, as its user wrote it.</summary>
        public Examination Examine(StepExamples examples, int number)
        {
            _microbatch.Graph.MemoryLimit = long.MaxValue;
            Build(_microbatch, examples, number, 1, inOrder: true);
            return _trainer._accumulator.Examine(_microbatch.Graph, _microbatch.Examples.Losses[0]);
        }

        private void Take((StepExamples Examples, int First, int End, int ComputeBatch) part)
        {
            try
            {
                if (!IsAhead)
                    Prepare(_microbatch, part);
                else if (_error is not null)
                    ExceptionDispatchInfo.Throw(_error);
                else
                    (_microbatch, _next) = (_next, _microbatch);
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
                if (_upcoming.End == OwnPart)
                {
                    _upcoming.Examples.Load();
                    (_upcoming.First, _upcoming.End) = _upcoming.Examples.OwnPart;
                }

                Prepare(_next, _upcoming);
            }
            catch (Exception e)
            {
                _error = e;
            }
        }

        // Takes as many examples as are predicted to fit, then checks the prediction against the plan.
        private void Prepare(Microbatch microbatch, (StepExamples Examples, int First, int End, int ComputeBatch) part)
        {
            (StepExamples examples, int first, int end, int computeBatch) = part;
            examples.Load();
            int count = computeBatch == 0 ? end - first : Math.Min(computeBatch, end - first);
            if (_sizer.Budget == 0)
            {
                Plan(microbatch, examples, first, count);
                return;
            }

            Plan(microbatch, examples, first, count, _sizer);
            while (microbatch.Memory.Bytes > _sizer.Budget)
            {
                if (microbatch.Count == 1)
                    throw new MemoryBudgetException(first, microbatch.Memory.Bytes, _sizer.Budget, _trainer.Workers, isAtLeast: microbatch.Compiled is null);

                if (microbatch.Compiled is null)
                {
                    Plan(microbatch, examples, first, microbatch.Count / 2);   // how much too large it is is not known
                    continue;
                }

                _sizer.Add(microbatch.Ends[^1], microbatch.Memory);
                Plan(microbatch, examples, first, _sizer.Fewer(CollectionsMarshal.AsSpan(microbatch.Ends), microbatch.Memory));
            }

            _sizer.Add(microbatch.Ends[^1], microbatch.Memory);
        }

        // Builds and plans a microbatch of so many examples, or of as many of them as the sizer has room for.
        private void Plan(Microbatch microbatch, StepExamples examples, int first, int count, MicrobatchSizer? sizer = null)
        {
            (long begin, long before) = (Stopwatch.GetTimestamp(), Share.Times.Total);
            microbatch.Graph.MemoryLimit = _sizer.Budget == 0 ? long.MaxValue : _sizer.Budget;
            Build(microbatch, examples, first, count, sizer);
            microbatch.Graph.Data.Limit = long.MaxValue;   // constants that passes add are counted with the plan
            Share.Times.Build += Stopwatch.GetTimestamp() - begin - (Share.Times.Total - before);   // without what rounds have taken
            try
            {
                Share.Prepare(microbatch);
                microbatch.Memory = _sizer.Budget == 0 ? default : Share.Memory(microbatch, _trainer.Workers);
            }
            catch (GraphMemoryException e)
            {
                microbatch.Memory = new MicrobatchMemory(e.Bytes, microbatch.Graph.Data.Bytes, FixedBytes: 0, Launches: 0, Flops: 0);
            }
        }

        private void Compute(StepExamples examples, int first)
        {
            Share.Add(_microbatch, examples.WeightOf(first, _microbatch.Count));
            if (Share.Anomaly is not null || !double.IsFinite(Share.Sums.Loss))
                NonFinite = (first, _microbatch.Count);
            else if (first == 0)
                _trainer.MeasureFirstPass();
        }

        // The minibatch graph: the examples' graphs side by side.
        private void Build(Microbatch microbatch, StepExamples examples, int first, int count, MicrobatchSizer? sizer = null, bool inOrder = false)
        {
            Graph graph = microbatch.Graph;
            microbatch.Clear(unchecked(_trainer.Model.Seed * 1_000_003L + examples.Step), _trainer.WantsByExample, _trainer.ClipExampleNorm);
            if (_trainer._asyncLoss is { } loss)
            {
                BuildInRounds(loss, microbatch, examples, first, count, sizer, inOrder || microbatch.IsByExample || _trainer.DetectAnomalies);
                return;
            }

            for (int i = 0; i < count && (i == 0 || sizer is null || sizer.HasRoom(microbatch.Ends[i - 1])); i++)
            {
                int nodes = graph.Count;
                microbatch.Examples.Starts.Add(nodes);
                try
                {
                    microbatch.Examples.Losses.Add(_trainer.BuildLoss(graph, examples, first + i));
                }
                catch (GraphMemoryException e) when (i == 0)
                {
                    throw new MemoryBudgetException(first, e.Bytes, _sizer.Budget, _trainer.Workers, isAtLeast: true);
                }
                catch (GraphMemoryException)
                {
                    Build(microbatch, examples, first, i);   // without the one that has no room
                    return;
                }

                if (_sizer.Budget == 0)
                    continue;

                long elements = MicrobatchSizer.ElementsOf(graph, nodes, graph.Count);
                microbatch.Ends.Add(elements + (i == 0 ? 0 : microbatch.Ends[i - 1]));
                sizer?.AddExample(elements);

                // The data of two microbatches is there at once. If the budget has no room for both, wait until the first has been computed.
                if (_preparation.IsCurrent && _microbatch.Memory.Bytes + graph.Data.Bytes > _sizer.Budget)
                    _preparation.AwaitOwner();
            }
        }
    }
}
