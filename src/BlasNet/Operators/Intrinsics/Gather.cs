using BlasNet.Graphs;

namespace BlasNet.Operators.Intrinsics;

/// <summary>Lays ranges of elements of its inputs one after another: how merged nodes find their operands in stack order.</summary>
/// <remarks>The moves cover the output once, from its start to its end. A gather of one move is a view; the memory planner decides that.</remarks>
internal sealed class GatherOperator()
    : Operator(new() { Merging = Merging.Never, Storage = Storage.Moves, HasMoves = true, Indirect = IndirectInputs.All })
{
    public static readonly GatherOperator Instance = new();

    public override string Name => "gather";

    public override Shape InferShape(ReadOnlySpan<Shape> inputs, long attribute) => inputs[0];

    public override void Forward<T>(in Operands<T> stack) => MoveKernel<T>.Run(stack, stack.Output.Length, adds: false, clear: false);

    public override void Gradient(in GradientContext g)
    {
        for (int i = 0; i < g.InputCount; i++)
            g.AccumulateReversed(i);
    }

    public override string Describe(long attribute) => (int)attribute == 1 ? "1 run" : $"{(int)attribute} runs";
}

/// <summary>Adds ranges of elements of its inputs into its output, which is zero elsewhere: the gradient of gather, and merged sums.</summary>
/// <remarks>Neighbouring moves to one place are added up before the sum is written.</remarks>
internal sealed class ScatterAddOperator()
    : Operator(new() { Merging = Merging.Never, Storage = Storage.Accumulator, HasMoves = true, Indirect = IndirectInputs.All })
{
    public static readonly ScatterAddOperator Instance = new();

    public override string Name => "scatter-add";

    public override Shape InferShape(ReadOnlySpan<Shape> inputs, long attribute) => inputs[0];

    public override void Forward<T>(in Operands<T> stack)
    {
        int written = 0;
        long moved = 0;
        foreach (Move move in stack.Moves)
            (written, moved) = (written + (move.IsFirst ? move.Length : 0), moved + move.Length);

        MoveKernel<T>.Run(stack, moved, adds: true, clear: !stack.Accumulate && written < stack.Output.Length);
    }

    public override void Gradient(in GradientContext g)
    {
        for (int i = 0; i < g.InputCount; i++)
        {
            if (g.KeepsApart(i))
                g.AccumulateReversed(i);
            else if (g.IsNeeded(i))
                g.Accumulate(i, g.Gathered(i));
        }
    }

    public override string Describe(long attribute) => (int)attribute == 1 ? "1 run" : $"{(int)attribute} runs";
}
