using System.Numerics;
using BlasNet.Graphs;

namespace BlasNet.Operators;

/// <summary>What the element-wise operators of several operands have in common: a scalar, a column or a row of the result's shape is repeated.</summary>
internal static class Broadcast
{
    /// <summary>Whether an operand can be repeated to a shape.</summary>
    public static bool Fits(Shape part, Shape whole) => (part.Rows == whole.Rows || part.Rows == 1) && (part.Columns == whole.Columns || part.IsVector);

    /// <summary>See <see cref="Operator.IsColumnWise"/>: no operand of several columns is the same for all examples.</summary>
    public static bool IsColumnWise(ReadOnlySpan<Shape> inputs, ReadOnlySpan<bool> shared)
    {
        for (int i = 0; i < inputs.Length; i++)
        {
            if (shared[i] && !inputs[i].IsVector)
                return false;
        }

        return true;
    }
}

/// <summary>Where a kernel finds what an operand gives to each column of the result.</summary>
internal unsafe struct Side<T> where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    public Side(Operand<T> operand, Shape result)
    {
        Data = operand.Data;
        IsScalar = operand.Shape.Rows < result.Rows;
        ValueStep = operand.Count == 1 ? 0 : (nint)operand.Shape.Columns * operand.Stride;
        ColumnStep = result.Columns == 1 ? ValueStep : operand.Shape.Columns < result.Columns ? 0 : operand.Stride;
    }

    public T* Data;

    /// <summary>One element for all of a column.</summary>
    public bool IsScalar;

    /// <summary>Elements from what one column takes to what the next one takes: 0 if it is the same.</summary>
    public nint ColumnStep;

    /// <summary>The same from one value of the stack to the next.</summary>
    public nint ValueStep;

    /// <summary>The columns of all values are one sequence.</summary>
    public readonly bool IsRegular(int columns) => ValueStep == columns * ColumnStep;
}
