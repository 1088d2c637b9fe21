namespace BlasNet.Tests.Oracle;

/// <summary>How a number was computed.</summary>
internal enum Rule
{
    /// <summary>It was given.</summary>
    Leaf,
    Add,
    Subtract,
    Multiply,
    Divide,

    /// <summary>Times a factor.</summary>
    Scale,

    /// <summary>Plus a constant.</summary>
    Shift,
    Inverse,
    Exp,
    Log,
    Sqrt,
    Tanh,
    Relu,
}

/// <summary>Remembers every scalar operation: the whole of the oracle's differentiation. Derivatives are numbers of the same tape, so that they have
/// derivatives in turn.</summary>
internal sealed class Tape
{
    private const int None = -1;
    // A long array would be a large object, which only full collections free.
    private const int ChunkBits = 9, ChunkLength = 1 << ChunkBits;

    private Entry[][] _chunks = new Entry[4][];
    private Entry[] _last = [];

    public int Count { get; private set; }

    public double LargestMagnitude { get; private set; }

    public Number Number(double value) => Add(Rule.Leaf, value, None, None, 0);

    public Number Add(Rule rule, double value, int a, int b, double factor)
    {
        int at = Count & (ChunkLength - 1);
        if (at == 0)
            AddChunk();

        _last[at] = new Entry(rule, value, a, b, factor);
        LargestMagnitude = Math.Abs(value) > LargestMagnitude ? Math.Abs(value) : LargestMagnitude;   // not NaN
        return new Number(this, Count++, value);
    }

    public double ValueOf(int index) => this[index].Value;

    /// <summary>The derivative of a number with respect to every number before it, as plain values.</summary>
    public double[] Backward(Number of)
    {
        double[] adjoints = new double[of.Index + 1];
        adjoints[of.Index] = 1;
        for (int i = of.Index; i >= 0; i--)
        {
            ref readonly Entry entry = ref this[i];
            if (entry.A == None || adjoints[i] == 0)
                continue;

            var (da, db) = PartialValues(entry);
            adjoints[entry.A] += adjoints[i] * da;
            if (entry.B != None)
                adjoints[entry.B] += adjoints[i] * db;
        }

        return adjoints;
    }

    /// <summary>Numbers before this one count as given, whatever they were computed from: within a function's body, the arguments.</summary>
    public int Floor { get; set; }

    /// <summary>Reverse mode: Σ seedᵢ · ∂outputᵢ/∂target for each target; the seeds count as constants.</summary>
    public Number[] Gradient(IReadOnlyList<Number> outputs, IReadOnlyList<Number> seeds, IReadOnlyList<Number> targets)
    {
        int end = outputs.Max(output => output.Index) + 1;
        bool[] depends = Dependence(targets, end);
        int[] adjoints = Nones(end);
        for (int i = 0; i < outputs.Count; i++)
            Accumulate(adjoints, outputs[i].Index, seeds[i]);

        for (int i = end - 1; i >= Floor; i--)
        {
            if (adjoints[i] == None || !depends[i])
                continue;

            var (a, b) = (this[i].A, this[i].B);
            if (a != None && depends[a])
                Accumulate(adjoints, a, Times(adjoints[i], i, second: false));

            if (b != None && depends[b])
                Accumulate(adjoints, b, Times(adjoints[i], i, second: true));
        }

        return [.. targets.Select(target => target.Index < end ? NumberOrZero(adjoints[target.Index]) : Number(0))];
    }

    /// <summary>Forward mode: how outputs change as inputs move in a direction.</summary>
    public Number[] Tangents(IReadOnlyList<Number> inputs, IReadOnlyList<Number> direction, IReadOnlyList<Number> outputs)
    {
        int end = outputs.Max(output => output.Index) + 1;
        int[] tangents = Nones(end);
        for (int i = 0; i < inputs.Count; i++)
        {
            if (inputs[i].Index < end)
                tangents[inputs[i].Index] = direction[i].Index;
        }

        for (int i = Floor; i < end; i++)
        {
            var (a, b) = (this[i].A, this[i].B);
            if (a != None && tangents[a] != None)
                Accumulate(tangents, i, Times(tangents[a], i, second: false));

            if (b != None && tangents[b] != None)
                Accumulate(tangents, i, Times(tangents[b], i, second: true));
        }

        return [.. outputs.Select(output => NumberOrZero(tangents[output.Index]))];
    }

    private ref readonly Entry this[int index] => ref _chunks[index >> ChunkBits][index & (ChunkLength - 1)];

    private Number At(int index) => new(this, index, ValueOf(index));

    private void AddChunk()
    {
        int chunk = Count >> ChunkBits;
        if (chunk == _chunks.Length)
            Array.Resize(ref _chunks, 2 * chunk);

        _chunks[chunk] = _last = GC.AllocateUninitializedArray<Entry>(ChunkLength);
    }

    private static int[] Nones(int count)
    {
        int[] numbers = new int[count];
        Array.Fill(numbers, None);
        return numbers;
    }

    private void Accumulate(int[] sums, int index, Number term) =>
        sums[index] = sums[index] == None ? term.Index : (At(sums[index]) + term).Index;

    private Number NumberOrZero(int index) => index == None ? Number(0) : At(index);

    private bool[] Dependence(IReadOnlyList<Number> targets, int end)
    {
        bool[] depends = new bool[end];
        foreach (Number target in targets)
        {
            if (target.Index < end)
                depends[target.Index] = true;
        }

        for (int i = Floor; i < end; i++)
        {
            var (a, b) = (this[i].A, this[i].B);
            depends[i] |= (a != None && depends[a]) || (b != None && depends[b]);
        }

        return depends;
    }

    private (double Da, double Db) PartialValues(in Entry entry)
    {
        var (rule, value, a, b, factor) = entry;
        double x = ValueOf(a), y = b == None ? 0 : ValueOf(b);
        return rule switch
        {
            Rule.Add => (1, 1),
            Rule.Subtract => (1, -1),
            Rule.Multiply => (y, x),
            Rule.Divide => (1 / y, -x / (y * y)),
            Rule.Scale => (factor, 0),
            Rule.Shift => (1, 0),
            Rule.Inverse => (-1 / (x * x), 0),
            Rule.Exp => (value, 0),
            Rule.Log => (1 / x, 0),
            Rule.Sqrt => (0.5 / value, 0),
            Rule.Tanh => (1 - value * value, 0),
            Rule.Relu => (x > 0 ? 1 : 0, 0),
            _ => throw new InvalidOperationException($"A {rule} has no operands."),
        };
    }

    // A number times the partial derivative of an entry, as numbers.
    private Number Times(int times, int index, bool second)
    {
        var (rule, _, a, b, factor) = this[index];
        Number adjoint = At(times), result = At(index), x = At(a), y = b == None ? default : At(b);
        return rule switch
        {
            Rule.Add or Rule.Shift => adjoint,
            Rule.Subtract => second ? adjoint * -1 : adjoint,
            Rule.Multiply => adjoint * (second ? x : y),
            Rule.Divide => second ? adjoint * result / y * -1 : adjoint / y,
            Rule.Scale => adjoint * factor,
            Rule.Inverse => adjoint * result * result * -1,
            Rule.Exp => adjoint * result,
            Rule.Log => adjoint / x,
            Rule.Sqrt => adjoint / result * 0.5,
            Rule.Tanh => adjoint * (result * result * -1 + 1),
            Rule.Relu => adjoint * (x.Value > 0 ? 1 : 0),
            _ => throw new InvalidOperationException($"A {rule} has no operands."),
        };
    }

    /// <param name="Rule">How the number was computed.</param>
    /// <param name="Value">The number.</param>
    /// <param name="A">The first operand's index; none for a leaf.</param>
    /// <param name="B">The second one's; none where there is one.</param>
    /// <param name="Factor">Or constant.</param>
    private readonly record struct Entry(Rule Rule, double Value, int A, int B, double Factor);
}
