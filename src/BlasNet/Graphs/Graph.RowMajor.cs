using System.Buffers;
using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using BlasNet.Memory;

namespace BlasNet.Graphs;

/// <content>Inputs whose rows lie one after another, as C# and most other libraries lay out matrices. Everywhere else columns do.</content>
public sealed partial class Graph
{
    /// <summary>One example's matrix. The numbers are copied.</summary>
    /// <param name="values">[rows, columns], at least one number.</param>
    /// <returns>[rows × columns].</returns>
    /// <exception cref="ShapeException">There is no number.</exception>
    public Expr Input(float[,] values) => InputOf(values);

    /// <inheritdoc cref="Input(float[,])"/>
    public Expr Input(double[,] values) => InputOf(values);

    /// <summary>One example's tensor: a number, a vector, or a matrix. The numbers are copied.</summary>
    /// <param name="values">Of no, one or two dimensions and any strides; at least one number.</param>
    /// <returns>[1], [n] or [rows × columns].</returns>
    /// <exception cref="ShapeException">It has more dimensions, or no number.</exception>
    public Expr InputTensor(ReadOnlyTensorSpan<float> values) => InputOf(values);

    /// <inheritdoc cref="InputTensor(ReadOnlyTensorSpan{float})"/>
    public Expr InputTensor(ReadOnlyTensorSpan<double> values) => InputOf(values);

    private Expr InputOf<T>(T[,] values) where T : unmanaged, INumber<T>
    {
        ArgumentNullException.ThrowIfNull(values);
        ReadOnlySpan<T> rows = values.Length == 0 ? [] : MemoryMarshal.CreateReadOnlySpan(ref values[0, 0], values.Length);
        return InputByRows(rows, values.GetLength(0), values.GetLength(1));
    }

    private Expr InputOf<T>(ReadOnlyTensorSpan<T> values) where T : unmanaged, INumber<T>
    {
        if (values.Rank > 2)
            throw new ShapeException(InputOperator.Instance, $"a tensor of {values.Rank} dimensions is no vector and no matrix");

        // A vector has one column, so its rows lie as its columns do.
        (nint rows, nint columns) = (values.Rank > 0 ? values.Lengths[0] : 1, values.Rank > 1 ? values.Lengths[1] : 1);
        if (values.FlattenedLength > Array.MaxLength)
            throw new ShapeException(InputOperator.Instance, $"a tensor of {values.FlattenedLength} numbers is larger than the {Array.MaxLength} that fit");

        T[] numbers = new T[(int)values.FlattenedLength];
        values.FlattenTo(numbers);
        return InputByRows<T>(numbers, (int)rows, (int)columns);
    }

    private Expr InputByRows<T>(ReadOnlySpan<T> values, int rows, int columns) where T : unmanaged, INumber<T>
    {
        if (values.IsEmpty)
            throw new ShapeException(InputOperator.Instance, $"a matrix of {rows} rows and {columns} columns has no number");

        var shape = new Shape(rows, columns);
        T[] byColumns = ArrayPool<T>.Shared.Rent(values.Length);
        RowMajor.CopyTo<T, T>(values, shape, firstRow: 0, byColumns);
        Expr input = AddData(InputOperator.Instance, byColumns.AsSpan(0, values.Length), shape, shared: false);
        ArrayPool<T>.Shared.Return(byColumns);
        return input;
    }
}
