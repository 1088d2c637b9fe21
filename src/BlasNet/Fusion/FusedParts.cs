using System.Numerics;

namespace BlasNet.Fusion;

/// <summary>How the rows of a fused program's values divide into parts of one length, on which all its steps can be done at once.</summary>
/// <remarks>A cell of several gates adds their inputs in one step, and reads the sum in slices: a part is one gate.</remarks>
internal sealed class FusedParts
{
    /// <summary>Parts of steps: more do not fit into registers anyway, and take the compiler long.</summary>
    private const int MaxCount = 64;

    private FusedParts(int length, int count, int columns, int inputs, bool isUniform) =>
        (Length, Count, Columns, Inputs, IsUniform) = (length, count, columns, inputs, isUniform);

    /// <summary>Rows of a part.</summary>
    public int Length { get; }

    /// <summary>Parts of all steps together.</summary>
    public int Count { get; }

    /// <summary>Columns of every value.</summary>
    public int Columns { get; }

    /// <summary>Inputs of the node.</summary>
    public int Inputs { get; }

    /// <summary>Every value is one part.</summary>
    public bool IsUniform { get; }

    /// <summary>The parts of a program; null where a step needs more than the same rows of its operands, or where there are too many parts.</summary>
    public static FusedParts? Of(ReadOnlySpan<FusedStep> steps, ReadOnlySpan<FusedOperand> operands, ReadOnlySpan<FusedBuffer> buffers)
    {
        int length = 0, columns = steps[0].Shape.Columns;
        foreach (ref readonly FusedStep step in steps)
        {
            if (step.Operator is { Traits.IsElementwise: false } || step.Shape.Columns != columns)
                return null;

            length = Gcd(Gcd(length, step.Shape.Rows), step.Offset);
            if (buffers[step.Buffer].Cleared)
                length = Gcd(length, buffers[step.Buffer].Shape.Rows);
        }

        int count = 0, inputs = 0;
        bool isUniform = true;
        var known = new HashSet<(int Buffer, int Offset)>();
        foreach (ref readonly FusedStep step in steps)
        {
            count += step.Shape.Rows / length;
            isUniform &= step.Shape.Rows == length;
            if (count > MaxCount)
                return null;

            foreach (FusedOperand operand in operands.Slice(step.FirstOperand, step.OperandCount))
            {
                bool isScalar = operand.Shape.Rows < step.Shape.Rows;
                isUniform &= !isScalar || operand.Source == FusedSource.Constant;
                if (operand.Source == FusedSource.Input)
                    inputs = Math.Max(inputs, operand.Index + 1);

                if (operand.Source != FusedSource.Constant && operand.Shape.Columns != columns)
                    return null;

                if (operand.Source == FusedSource.Buffer && (isScalar || !IsKnown(operand)))
                    return null;
            }

            for (int start = 0; start < step.Shape.Rows; start += length)
            {
                if (!known.Add((step.Buffer, step.Offset + start)))
                    return null;
            }
        }

        return new FusedParts(length, count, columns, inputs, isUniform);

        bool IsKnown(FusedOperand operand)
        {
            for (int start = 0; start < operand.Shape.Rows; start += length)
            {
                if (!known.Contains((operand.Index, operand.Offset + start)))
                    return false;
            }

            return true;
        }
    }

    private static int Gcd(int a, int b) => (int)BigInteger.GreatestCommonDivisor(a, b);
}
