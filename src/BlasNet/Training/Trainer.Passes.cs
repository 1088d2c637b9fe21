using System.Diagnostics;
using BlasNet.Execution;
using BlasNet.Graphs;
using BlasNet.Passes;

namespace BlasNet.Training;

/// <content>How the examples of a step are spread over passes, within a budget of memory.</content>
public sealed partial class Trainer<TExample>
{
    private long _memoryBudget;

    /// <summary>How many bytes passes may take, those of all <see cref="Workers"/> together: values and gradients that are alive at once, the examples' numbers,
    /// packed weights and the kernels' scratch memory; 0, the default, for no limit. Passes are then filled by the size of their examples, up to the size that
    /// still gains speed; the plan tells what a pass takes before it runs. Parameters, their gradient and the optimizer's state come on top.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is negative.</exception>
    public long MemoryBudget
    {
        get => _memoryBudget;
        set
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value);
            _memoryBudget = value;
        }
    }

    /// <summary>Examples of the largest pass so far.</summary>
    internal int LargestPass { get; private set; }

    private long BudgetOfWorker => MemoryBudget / Workers;

    /// <summary>One thread's passes of a step: their graph, and what they add up to.</summary>
    private sealed class PassRunner
    {
        private readonly Trainer<TExample> _trainer;
        private readonly Graph _graph;
        private readonly ByExample _byExample = new();
        private Expr[] _losses = [];
        private long[] _ends = [];   // of each example of the pass: the elements of its graph and of those before it
        private int _prepared;   // examples of the pass

        public PassRunner(Trainer<TExample> trainer, GradientShare share)
        {
            (_trainer, Share) = (trainer, share);
            _graph = trainer.Model.NewGraph();
            _graph.IsTraining = true;
        }

        public GradientShare Share { get; }

        public PassSizer Sizer { get; } = new();

        /// <summary>The pass whose loss, or other value, is not finite: its first example in the step, and how many it has.</summary>
        public (int First, int Count)? NonFinite { get; private set; }

        public void Begin(PassSizes sizes)
        {
            _graph.RandomSeed = unchecked(_trainer.Model.Seed * 1_000_003L + _trainer.StepCount);
            (Sizer.Budget, Sizer.Sizes, NonFinite) = (_trainer.BudgetOfWorker, sizes, null);
            Share.DetectAnomalies = _trainer.DetectAnomalies;
            Share.Begin();
        }

        /// <summary>Computes the examples, up to the first pass that is not finite.</summary>
        /// <param name="examples">A part of the step's.</param>
        /// <param name="first">The number of the first of them in the step.</param>
        /// <param name="computeBatch">At most how many in a pass; 0 for all of them.</param>
        public void Run(ReadOnlySpan<TExample> examples, int first, int computeBatch)
        {
            for (int start = 0; start < examples.Length && NonFinite is null; start += _prepared)
            {
                int count = examples.Length - start;
                Prepare(examples.Slice(start, computeBatch == 0 ? count : Math.Min(computeBatch, count)), first + start);
                Add(first + start);
            }
        }

        /// <summary>The loss of one example, as its user wrote it, and where its first value that is not finite comes from.</summary>
        public (double Loss, string? Origin) Examine(TExample example, int number)
        {
            Build([example], number);
            return _trainer._accumulator.Examine(_graph, _losses[0]);
        }

        // As many of the examples as fit; what the graph's size foretells is checked against the plan.
        private void Prepare(ReadOnlySpan<TExample> examples, int first)
        {
            if (Sizer.Budget == 0)
            {
                Plan(examples, first);
                return;
            }

            PassMemory memory = Plan(examples, first, Sizer);
            while (memory.Bytes > Sizer.Budget)
            {
                if (_prepared == 1)
                    throw new MemoryBudgetException(first, memory.Bytes, Sizer.Budget, _trainer.Workers);

                Sizer.AddPass(_ends[_prepared - 1], memory);
                memory = Plan(examples[..Sizer.Fewer(_ends.AsSpan(0, _prepared), memory)], first);
            }

            Sizer.AddPass(_ends[_prepared - 1], memory);
        }

        // Builds and plans a pass of the first of the examples, or of all of them where no sizer says when it is large enough.
        private PassMemory Plan(ReadOnlySpan<TExample> examples, int first, PassSizer? sizer = null)
        {
            long begin = Stopwatch.GetTimestamp();
            Build(examples, first, sizer);
            Share.Times.Build += Stopwatch.GetTimestamp() - begin;
            Share.Prepare(_graph, _losses.AsSpan(0, _prepared), _trainer.WantsByExample ? _byExample : null);
            return Sizer.Budget == 0 ? default : Share.Memory(_trainer.Workers);
        }

        private void Add(int first)
        {
            Share.Add(_prepared, _trainer.WeightOf(first, _prepared));
            if (Share.Anomaly is not null || !double.IsFinite(Share.Sums.Loss))
                NonFinite = (first, _prepared);
            else if (first == 0)
                _trainer.MeasureFirstPass();
        }

        // The minibatch graph: the examples' graphs side by side.
        private void Build(ReadOnlySpan<TExample> examples, int first, PassSizer? sizer = null)
        {
            if (_losses.Length < examples.Length)
                (_losses, _ends) = (new Expr[examples.Length], new long[examples.Length]);

            _graph.Clear();
            _byExample.Clear();
            _byExample.ClipNorm = _trainer.ClipExampleNorm;
            _prepared = 0;
            for (int i = 0; i < examples.Length && (i == 0 || sizer is null || sizer.HasRoom(_ends[i - 1])); i++)
            {
                int nodes = _graph.Count;
                _byExample.Starts.Add(nodes);
                _losses[i] = _trainer.BuildLoss(_graph, examples[i], first + i);
                _byExample.Losses.Add(_losses[i]);
                if (Sizer.Budget > 0)
                {
                    long elements = PassSizer.ElementsOf(_graph, nodes);
                    _ends[i] = elements + (i == 0 ? 0 : _ends[i - 1]);
                    sizer?.AddExample(elements);
                }

                _prepared++;
            }
        }
    }
}
