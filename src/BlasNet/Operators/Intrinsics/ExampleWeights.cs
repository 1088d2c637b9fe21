using BlasNet.Graphs;
using BlasNet.Kernels;

namespace BlasNet.Operators.Intrinsics;

/// <summary>What to multiply each example's gradient with so that its norm is at most C: min(1, C/|g|), or NaN if |g| is not finite. Inputs: norms of its
/// parts.</summary>
/// <param name="longest">C.</param>
internal sealed class ClipWeightsOperator(double longest) : Operator(new() { Merging = Merging.Never })
{
    public override string Name => "clip-weights";

    public override Shape InferShape(ReadOnlySpan<Shape> inputs, long attribute) => Shape.Scalar;

    public override unsafe void Forward<T>(in Operands<T> stack)
    {
        for (int example = 0; example < stack.Output.Count; example++)
        {
            var norm = new EuclideanNorm();
            for (int i = 0; i < stack.InputCount; i++)
                norm.Add(double.CreateTruncating(*stack[i].At(example)));

            double weight = !double.IsFinite(norm.Value) ? double.NaN : norm.Value > longest ? longest / norm.Value : 1;
            *stack.Output.At(example) = T.CreateTruncating(weight);
        }
    }

    public override void Gradient(in GradientContext g) =>
        throw new InvalidOperationException("Error in BlasNet: weights of gradients come after differentiating.");
}

/// <summary>Multiplies each value of a stack with its example's weight. Inputs: the stack, a stack of one weight for each example.</summary>
/// <param name="examples">The example of each value; below 0 for zeros, which belong to none.</param>
internal sealed class WeightRowsOperator(int[] examples) : Operator(new() { Merging = Merging.Never, ReadsWholeStacks = true })
{
    public override string Name => "weight-rows";

    public override Shape InferShape(ReadOnlySpan<Shape> inputs, long attribute) => inputs[0];

    public override unsafe void Forward<T>(in Operands<T> stack)
    {
        Operand<T> x = stack[0], weights = stack[1];
        for (int i = 0; i < examples.Length; i++)
            Rows.Scale(x.ValueAt(i), examples[i] < 0 ? T.One : *weights.At(examples[i]), stack.Output.ValueAt(i));
    }

    public override void Gradient(in GradientContext g) =>
        throw new InvalidOperationException("Error in BlasNet: weights of gradients come after differentiating.");
}
