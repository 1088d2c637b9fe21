using BlasNet.Graphs;
using BlasNet.Kernels;

namespace BlasNet.Operators.Intrinsics;

/// <summary>A value that all examples share, once for each value of a stack: a function's result that depends on shared arguments alone.</summary>
/// <remarks>Inputs: the value, and the stack, of which only the size counts, and whose examples the values are.</remarks>
internal sealed class SpreadOperator() : Operator(new() { OnlyMoves = true })
{
    public static readonly SpreadOperator Instance = new();

    public override string Name => "spread";

    public override Shape InferShape(ReadOnlySpan<Shape> inputs, long attribute) => inputs[0];

    public override unsafe void Forward<T>(in Operands<T> stack)
    {
        Operand<T> x = stack[0], y = stack.Output;
        int size = y.Shape.Size;
        Rows.Copy(x.Data, x.Count == 1 ? 0 : size, y.Data, size, size, y.Count);
    }

    public override void Gradient(in GradientContext g) => g.Accumulate(0, g.OutputGradient);
}
