using BlasNet.Graphs;

namespace BlasNet.Fusion;

/// <summary>Several operators in one sweep over a stack; its rule of differentiation, if it needs one, is that of its own small graph.</summary>
/// <remarks>Never in place: a <see cref="FusedLoop{T}"/> reads some elements again after it has written their results.</remarks>
/// <param name="program">What it does.</param>
/// <param name="results">The shapes of its results.</param>
/// <param name="rule">Null where fusing came after differentiating.</param>
internal sealed class FusedOperator(FusedProgram program, Shape[] results, IFusedGradient? rule)
    : Operator(new() { Indirect = IndirectInputs.All })
{
    public FusedProgram Program => program;

    public override string Name { get; } = $"fused({string.Join(", ", program.Steps.ToArray().Select(step => step.Operator?.Name ?? "copy"))})";

    public override int ResultCount => results.Length;

    public override Shape ResultShape(int result, Shape shape) => results[result];

    public override Shape InferShape(ReadOnlySpan<Shape> inputs, long attribute) => results[0];

    public override void Forward<T>(in Operands<T> stack) => program.Run(stack, stack.Output.Count);

    public override void Gradient(in GradientContext g)
    {
        if (rule is null)
            throw new InvalidOperationException("Error in BlasNet: fusing without a rule comes after differentiating.");

        rule.Apply(g);
    }
}

/// <summary>Differentiates a fused operator.</summary>
internal interface IFusedGradient
{
    /// <summary>Adds what the results' gradients contribute to each input's.</summary>
    void Apply(in GradientContext g);
}
