using BlasNet.Execution;

namespace BlasNet.Training;

/// <content>How the examples of a step are spread over passes, within a budget of memory.</content>
public sealed partial class Trainer<TExample>
{
    private readonly PassSizer _sizer = new();
    private long[] _ends = [];   // of each example of the pass that was built last: the elements of its graph and of those before it

    /// <summary>How many bytes passes may take: values and gradients that are alive at once, the examples' numbers, packed weights and the kernels'
    /// scratch memory; 0, the default, for no limit. Passes are then filled by the size of their examples, up to the size that still gains speed;
    /// the plan tells what a pass takes before it runs. Parameters, their gradient and the optimizer's state come on top.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is negative.</exception>
    public long MemoryBudget
    {
        get => _sizer.Budget;
        set
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value);
            _sizer.Budget = value;
        }
    }

    /// <summary>Examples of the largest pass so far.</summary>
    internal int LargestPass { get; private set; }

    // As many of the examples as fit; what the graph's size foretells is checked against the plan.
    private void PreparePass(ReadOnlySpan<TExample> examples, int first)
    {
        if (MemoryBudget == 0)
        {
            Prepare(examples, first);
            return;
        }

        Prepare(examples, first, _sizer);
        PassMemory memory = _accumulator.Memory;
        while (memory.Bytes > MemoryBudget)
        {
            if (_prepared == 1)
                throw new MemoryBudgetException(first, memory.Bytes, MemoryBudget);

            _sizer.AddPass(_ends[_prepared - 1], memory);
            Prepare(examples[.._sizer.Fewer(_ends.AsSpan(0, _prepared), memory)], first);
            memory = _accumulator.Memory;
        }

        _sizer.AddPass(_ends[_prepared - 1], memory);
    }

    private void CountElements(int firstNode, PassSizer? sizer)
    {
        long elements = PassSizer.ElementsOf(_graph, firstNode);
        if (_ends.Length < _losses.Length)
            Array.Resize(ref _ends, _losses.Length);

        _ends[_prepared] = elements + (_prepared == 0 ? 0 : _ends[_prepared - 1]);
        sizer?.AddExample(elements);
    }
}
