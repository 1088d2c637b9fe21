using BlasNet.Graphs;
using BlasNet.Kernels;
using BlasNet.Operators.Intrinsics;

namespace BlasNet.Operators;

public static partial class Op
{
    /// <summary>In training, sets each element to 0 with a given probability and divides the others by the probability to stay; else nothing.</summary>
    /// <param name="x">Any shape.</param>
    /// <param name="rate">The probability to be dropped: 0 ≤ rate &lt; 1.</param>
    /// <returns>The shape of <paramref name="x"/>; its expectation is <paramref name="x"/>.</returns>
    /// <remarks>What is dropped follows from the model's seed, the step, the example and how many draws came before in this example: it is the
    /// same whether examples are batched or not, and in both precisions.
    /// Source: Srivastava et al., "Dropout: A Simple Way to Prevent Neural Networks from Overfitting", JMLR 15, 2014.</remarks>
    /// <exception cref="ArgumentOutOfRangeException">The rate is not in 0 ≤ rate &lt; 1.</exception>
    public static Expr Dropout(Expr x, double rate)
    {
        RequireRate(rate);
        return rate == 0 || !x.Graph.IsTraining ? x : Expr.Apply(DropoutOperator.Instance, x, x.Graph.RandomKey(), BitConverter.DoubleToInt64Bits(rate));
    }

    /// <exception cref="ArgumentOutOfRangeException">The rate is not in 0 ≤ rate &lt; 1.</exception>
    internal static void RequireRate(double rate)
    {
        if (!(rate >= 0 && rate < 1))
            throw new ArgumentOutOfRangeException(nameof(rate), rate, "dropout: the rate must be at least 0 and less than 1.");
    }
}

/// <summary>Inputs: the value and the key of its mask. Attribute: the rate.</summary>
internal sealed class DropoutOperator() : Operator(
    new() { Storage = Storage.InPlace, OverSegments = SegmentDropoutOperator.Instance, IsNeverColumnWise = true })
{
    public static readonly DropoutOperator Instance = new();

    public override string Name => "dropout";

    public override Shape InferShape(ReadOnlySpan<Shape> inputs, long attribute)
    {
        if (inputs[1] != new Shape(2))
            throw new ShapeException(this, $"the key must be two numbers, not {inputs[1]}");

        return inputs[0];
    }

    public override void AddSegments(ReadOnlySpan<Shape> inputs, Shape output, long attribute, List<int> list) =>
        list.AddRange(output.Columns, (int)(attribute >> 32), (int)attribute);

    public override void Forward<T>(in Operands<T> stack)
    {
        Operand<T> x = stack[0], key = stack[1], y = stack.Output;
        double rate = NumberOperator.NumberOf(stack.Attribute);
        for (int i = 0; i < y.Count; i++)
        {
            Span<T> k = key.ValueAt(i);
            RandomMask.Drop<T>(x.ValueAt(i), y.ValueAt(i), uint.CreateTruncating(k[0]), uint.CreateTruncating(k[1]), rate);
        }
    }

    // Linear in x: the same mask again.
    public override void Gradient(in GradientContext g) => g.Accumulate(0, Expr.Apply(this, g.OutputGradient, g.Input(1), g.Attribute));

    public override string Describe(long attribute) => NumberOperator.Text(attribute);
}

/// <summary>The same over a ragged stack: each segment has a key. Of each segment the list has the number of columns and both halves of the rate.</summary>
internal sealed class SegmentDropoutOperator() : SegmentOperator(width: 3)
{
    public static readonly SegmentDropoutOperator Instance = new();

    public override string Name => "segment-dropout";

    public override int ColumnsOf(ReadOnlySpan<int> segment, int value) => value == 1 ? 1 : segment[0];

    public override unsafe void Forward<T>(in Operands<T> stack)
    {
        Operand<T> x = stack[0], y = stack.Output;
        T* source = x.Data, target = y.Data, key = stack[1].Data;
        for (ReadOnlySpan<int> rest = stack.List; rest.Length > 0; rest = rest[3..], key += 2)
        {
            int length = x.Shape.Rows * rest[0];
            double rate = BitConverter.Int64BitsToDouble((long)rest[1] << 32 | (uint)rest[2]);
            RandomMask.Drop<T>(new(source, length), new(target, length), uint.CreateTruncating(key[0]), uint.CreateTruncating(key[1]), rate);
            source += length;
            target += length;
        }
    }

    public override void Gradient(in GradientContext g) => g.Accumulate(0, Append(g, this, [g.OutputGradient.Index, g.Input(1).Index], g.Input(0)));
}
