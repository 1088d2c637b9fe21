using System.Numerics;
using System.Runtime.CompilerServices;
using BlasNet.Kernels;

namespace BlasNet.Graphs.Structure;

/// <summary>One operator of a fused chain.</summary>
/// <param name="Operator">What it computes.</param>
/// <param name="Attribute">Its attribute.</param>
/// <param name="Shape">Its output.</param>
/// <param name="FirstOperand">Its operands' place in the chain's list.</param>
/// <param name="OperandCount">How many they are.</param>
internal readonly record struct FusedStep(Operator Operator, long Attribute, Shape Shape, int FirstOperand, int OperandCount);

/// <summary>Several operators in one sweep: each chunk of the stack goes through all of them while it is in the first-level cache.</summary>
/// <remarks>Made by the fuse pass after differentiation, so it needs no gradient rule. An operand is an input of the node (≥ 0) or the result
/// of an earlier step (~step). The last step writes the output; the others write into a scratch buffer.</remarks>
internal sealed unsafe class FusedOperator(FusedStep[] steps, int[] operands) : Operator
{
    /// <summary>Elements of a chunk: with its intermediate values it stays within 32 KiB for short chains.</summary>
    private const int ChunkLength = 2048;

    public ReadOnlySpan<FusedStep> Steps => steps;

    public ReadOnlySpan<int> OperandList => operands;

    public override string Name { get; } = $"fused({string.Join(", ", steps.Select(step => step.Operator.Name))})";

    public override Merging Merging => Merging.Never;

    public override Storage Storage => Storage.InPlace;

    public override bool IsFusible => false;

    public override Shape InferShape(ReadOnlySpan<Shape> inputs, long attribute) => steps[^1].Shape;

    public override void Forward<T>(in Operands<T> stack)
    {
        Operand<T> output = stack.Output;
        int longest = 1;
        foreach (FusedStep step in steps)
            longest = Math.Max(longest, step.Shape.Size);

        int chunk = Math.Max(1, ChunkLength / longest);
        T* scratch = Scratch<T>.Get((steps.Length - 1) * chunk * longest);
        Operands4<T> given = default;
        for (int start = 0; start < output.Count; start += chunk)
        {
            int count = Math.Min(chunk, output.Count - start);
            for (int i = 0; i < steps.Length; i++)
            {
                FusedStep step = steps[i];
                for (int j = 0; j < step.OperandCount; j++)
                {
                    int operand = operands[step.FirstOperand + j];
                    given[j] = operand >= 0
                        ? Part(stack[operand], start, count)
                        : new Operand<T>(scratch + ~operand * chunk * longest, steps[~operand].Shape, count);
                }

                T* target = i == steps.Length - 1 ? output.Data + (nint)start * output.Shape.Size : scratch + i * chunk * longest;
                step.Operator.Forward(new Operands<T>(given[..step.OperandCount], new Operand<T>(target, step.Shape, count), step.Attribute));
            }
        }
    }

    /// <summary>Most operands that an operator of a chain may have.</summary>
    public const int MaxOperands = 4;

    [InlineArray(MaxOperands)]
    private struct Operands4<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        private Operand<T> _first;
    }

    public override void Gradient(in GradientContext g) => throw new InvalidOperationException("Error in BlasNet: fusing comes after differentiating.");

    private static Operand<T> Part<T>(Operand<T> whole, int start, int count) where T : unmanaged, IBinaryFloatingPointIeee754<T> =>
        whole.Count == 1 ? whole : new Operand<T>(whole.Data + (nint)start * whole.Shape.Size, whole.Shape, count);
}
