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

        var division = new Division(length, columns);
        foreach (ref readonly FusedStep step in steps)
        {
            if (!division.TryAdd(step, operands.Slice(step.FirstOperand, step.OperandCount)))
                return null;
        }

        return division.ToParts();
    }

    /// <summary>The steps, in order, as parts of one length.</summary>
    private sealed class Division(int length, int columns)
    {
        private readonly HashSet<(int Buffer, int Offset)> _known = [];
        private int _count, _inputs;
        private bool _isUniform = true;

        public FusedParts ToParts() => new(length, _count, columns, _inputs, _isUniform);

        public bool TryAdd(in FusedStep step, ReadOnlySpan<FusedOperand> operands)
        {
            _count += step.Shape.Rows / length;
            _isUniform &= step.Shape.Rows == length;
            if (_count > MaxCount)
                return false;

            foreach (FusedOperand operand in operands)
            {
                if (!TryAdd(operand, isScalar: operand.Shape.Rows < step.Shape.Rows))
                    return false;
            }

            for (int start = 0; start < step.Shape.Rows; start += length)
                _known.Add((step.Buffer, step.Offset + start));

            return true;
        }

        private bool TryAdd(FusedOperand operand, bool isScalar)
        {
            _isUniform &= !isScalar || operand.Source == FusedSource.Constant;
            if (operand.Source == FusedSource.Input)
                _inputs = Math.Max(_inputs, operand.Index + 1);

            return operand.Source == FusedSource.Constant
                || (operand.Shape.Columns == columns && (operand.Source != FusedSource.Buffer || (!isScalar && IsKnown(operand))));
        }

        private bool IsKnown(FusedOperand operand)
        {
            for (int start = 0; start < operand.Shape.Rows; start += length)
            {
                if (!_known.Contains((operand.Index, operand.Offset + start)))
                    return false;
            }

            return true;
        }
    }

    private static int Gcd(int a, int b) => (int)BigInteger.GreatestCommonDivisor(a, b);
}
