using BlasNet.Graphs;
using BlasNet.Kernels;

namespace BlasNet.Operators.Intrinsics;

/// <summary>The sum of all its inputs and of all values of their stacks: the node that adds the losses, and a parameter's gradient.</summary>
internal sealed class TotalOperator() : Operator(new() { Merging = Merging.Reduction, Storage = Storage.Accumulator })
{
    public static readonly TotalOperator Instance = new();

    public override string Name => "total";

    public override Shape InferShape(ReadOnlySpan<Shape> inputs, long attribute) => ShapeOf(this, inputs);

    /// <summary>The shape of a sum.</summary>
    public static Shape ShapeOf(Operator op, ReadOnlySpan<Shape> inputs)
    {
        for (int i = 1; i < inputs.Length; i++)
        {
            if (inputs[i] != inputs[0])
                throw new ShapeException(op, $"all terms must have one shape, but term 1 is {inputs[0]} and term {i + 1} is {inputs[i]}");
        }

        return inputs[0];
    }

    public override unsafe void Forward<T>(in Operands<T> stack)
    {
        int length = stack.Output.Length;
        bool accumulate = stack.Accumulate;
        for (int i = 0; i < stack.InputCount; i++)
        {
            if (stack.IsInSum(i))
                continue;

            Operand<T> term = stack[i];
            Rows.SumOver(term.Data, length, stack.Output.Data, length, term.Length / length, accumulate);
            accumulate = true;
        }
    }

    public override void Gradient(in GradientContext g)
    {
        for (int i = 0; i < g.InputCount; i++)
            g.Accumulate(i, g.OutputGradient);
    }
}

/// <summary>The sum of its inputs, value by value: what a total is within a function.</summary>
internal sealed class PlusOperator() : Operator(new() { IsElementwise = true })
{
    public static readonly PlusOperator Instance = new();

    public override string Name => "plus";

    public override V Apply<V, T>(ReadOnlySpan<V> operands, long attribute)
    {
        V sum = operands[0];
        foreach (V term in operands[1..])
            sum += term;

        return sum;
    }

    public override Shape InferShape(ReadOnlySpan<Shape> inputs, long attribute) => TotalOperator.ShapeOf(this, inputs);

    public override unsafe void Forward<T>(in Operands<T> stack)
    {
        Operand<T> y = stack.Output;
        for (int i = 0; i < stack.InputCount; i++)
        {
            Operand<T> x = stack[i];

            // A value that all share is taken with each value in turn.
            var (parts, vectors, stride) = x.Over(y);
            for (int part = 0; part < parts; part++)
            {
                if (i == 0)
                    Rows.Copy(x.Data, stride, y.At(part), y.Stride, y.Shape.Rows, vectors);
                else
                    Rows.Add(x.Data, stride, y.At(part), y.Stride, y.Shape.Rows, vectors);
            }
        }
    }

    public override void Gradient(in GradientContext g)
    {
        for (int i = 0; i < g.InputCount; i++)
            g.Accumulate(i, g.OutputGradient);
    }
}

/// <summary>A stack that repeats one value. Attribute: how often.</summary>
internal sealed class BroadcastOperator() : Operator(new() { Merging = Merging.Never, OnlyMoves = true })
{
    public static readonly BroadcastOperator Instance = new();

    public override string Name => "broadcast";

    public override Shape InferShape(ReadOnlySpan<Shape> inputs, long attribute) => inputs[0];

    public override unsafe void Forward<T>(in Operands<T> stack)
    {
        int size = stack.Output.Shape.Size;
        Rows.Copy(stack[0].Data, 0, stack.Output.Data, size, size, stack.Output.Count);
    }

    public override void Gradient(in GradientContext g) => g.Accumulate(0, g.OutputGradient);
}
