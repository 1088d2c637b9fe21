using BlasNet.Ranks;

namespace BlasNet.Training;

/// <summary>Where a step finds its examples.</summary>
/// <param name="Data">All of them.</param>
/// <param name="Order">In which they are taken; null for the order in which they lie.</param>
/// <param name="Start">How many of this order come before.</param>
/// <param name="Count">How many the step takes; 0 for no step.</param>
/// <param name="Numbers">Of these examples, in a stream; null where the order has them.</param>
internal readonly record struct StepSource<TExample>(IReadOnlyList<TExample> Data, int[]? Order, int Start, int Count, int[]? Numbers = null)
{
    /// <summary>An example of the step.</summary>
    public TExample this[int example] => Data[Order is null ? example : Order[Start + example]];

    /// <summary>The number of the step's <paramref name="example"/> in the data.</summary>
    public int NumberOf(int example) => Numbers is null ? Order![Start + example] : Numbers[example];
}

/// <content>The examples of a step.</content>
public sealed partial class Trainer<TExample>
{
    private StepExamples _examples, _nextExamples;   // of this step, and of the one that may be prepared meanwhile

    private MicrobatchSettings Settings => new(
        ComputeBatch, MemoryBudget, Workers, WantsByExample, ClipExampleNorm, Weight, _groups, Work, Communicator);

    /// <summary>The settings that a prepared microbatch depends on.</summary>
    private readonly record struct MicrobatchSettings(
        int ComputeBatch, long MemoryBudget, int Workers, bool ByExample, double ClipExampleNorm, Func<TExample, double>? Weight,
        IReadOnlyList<ParameterGroup> Groups, Func<TExample, double>? Work, Communicator? Communicator);

    /// <summary>The examples of one step and their weights.</summary>
    private sealed class StepExamples(Trainer<TExample> trainer)
    {
        private TExample[] _examples = [];
        private double[] _weights = [];
        private int[] _rankBounds = [];   // the first example of each rank, and the number of all
        private bool _isDivided;
        private StepSource<TExample> _source;
        private MicrobatchSettings _settings;
        private bool _isLoaded;

        /// <summary>Optimizer steps before this one.</summary>
        public long Step { get; private set; }

        public int Count { get; private set; }

        public ReadOnlySpan<TExample> Span => _examples.AsSpan(0, Count);

        /// <summary>Whether these are the examples of a source, prepared for this step and these settings.</summary>
        public bool Are(StepSource<TExample> source) => source == _source && Step == trainer._steps && _settings == trainer.Settings;

        /// <summary>Says which they will be; they are read when they are needed.</summary>
        public void Announce(StepSource<TExample> source, long step)
        {
            (_source, Step, Count, _settings, _isLoaded) = (source, step, source.Count, trainer.Settings, false);
            _isDivided = false;
            if (_examples.Length < Count)
                _examples = new TExample[Count];
        }

        /// <summary>Reads what has been announced.</summary>
        public void Load()
        {
            if (_isLoaded)
                return;

            for (int i = 0; i < Count; i++)
                _examples[i] = _source[i];

            TakeWeights();
            _isLoaded = true;
        }

        public void Load(ReadOnlySpan<TExample> examples)
        {
            Announce(default(StepSource<TExample>) with { Count = examples.Length }, trainer._steps);
            examples.CopyTo(_examples);
            TakeWeights();
            _isLoaded = true;
        }

        /// <summary>This rank's part of them, or all; empty where there are fewer examples than ranks before it.</summary>
        public (int Start, int End) OwnPart
        {
            get
            {
                if (trainer.Ranks is not { } ranks)
                    return (0, Count);

                int parts = Math.Min(ranks.Size, Count);
                if (!_isDivided)
                    trainer.Divide(this, ref _rankBounds, 0, Count, parts);

                _isDivided = true;
                return ranks.Rank < parts ? (_rankBounds[ranks.Rank], _rankBounds[ranks.Rank + 1]) : (Count, Count);
            }
        }

        public double WeightOf(int example) => _weights[example];

        public double WeightOf(int first, int count)
        {
            if (trainer.Weight is null)
                return count;

            double sum = 0;
            foreach (double weight in _weights.AsSpan(first, count))
                sum += weight;

            return sum;
        }

        // Before anything is computed: a step whose weights make no mean changes nothing.
        private void TakeWeights()
        {
            if (trainer.Weight is not { } weightOf)
                return;

            if (_weights.Length < Count)
                _weights = new double[Count];

            double sum = 0;
            for (int i = 0; i < Count; i++)
            {
                double weight = _weights[i] = weightOf(_examples[i]);
                if (!(double.IsFinite(weight) && weight >= 0))
                    throw new InvalidOperationException($"The weight of example {i} of the step is {weight}; it must be finite and at least 0.");

                sum += weight;
            }

            if (!double.IsFinite(sum))
                throw new InvalidOperationException("The sum of the weights of the step's examples is not finite.");

            if (sum == 0)
                throw new InvalidOperationException("The weights of the step's examples are all 0; their mean loss is not defined.");
        }
    }
}
