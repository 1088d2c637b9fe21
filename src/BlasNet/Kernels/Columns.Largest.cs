using System.Runtime.CompilerServices;

namespace BlasNet.Kernels;

/// <content>The largest of columns.</content>
internal abstract unsafe partial class Columns<T>
{
    /// <summary>column[i] ← which of the columns has the largest element of row i, the first of equal ones; the first NaN if there is any.</summary>
    /// <param name="x">Columns that follow each other without a gap.</param>
    /// <param name="rows">Elements of a column.</param>
    /// <param name="columns">How many they are, at most 2²⁴, so that the precision has their numbers.</param>
    /// <param name="column">An integer for each row.</param>
    public abstract void LargestColumn(T* x, nint rows, nint columns, T* column);
}

/// <inheritdoc/>
internal sealed unsafe partial class Columns<V, T>
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void LargestColumn(T* x, nint rows, nint columns, T* column)
    {
        V one = V.Constant(1), zero = V.Constant(0);
        for (nint i = 0; i < rows; i += V.Count)
        {
            V largest = LoadRest(x, i, rows, 0), place = zero, number = zero;
            for (nint j = 1; j < columns; j++)
            {
                number += one;
                V element = LoadRest(x + (j * rows), i, rows, 0);

                // Larger, or NaN, which is neither larger nor at most as large; what is NaN stays.
                V isTaken = V.WhereLessOrEqual(element, largest, zero, V.WhereLessOrEqual(largest, largest, one, zero));
                place = Selection.Of<V, T>(isTaken, number, place);
                largest = Selection.Of<V, T>(isTaken, element, largest);
            }

            if (i <= rows - V.Count)
                place.Store(column + i);
            else
                place.StoreFirst(column + i, rows - i);
        }
    }
}
