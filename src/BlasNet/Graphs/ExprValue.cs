using System.Numerics.Tensors;
using BlasNet.Graphs.Awaiting;

namespace BlasNet.Graphs;

/// <summary>The numbers of an expression for which an example has waited, column by column.</summary>
/// <remarks>Valid until the function of the example has returned and those computed with it; read, copied or compared, it allocates nothing.</remarks>
public readonly struct ExprValue
{
    private readonly AwaitedNumbers _numbers;
    private readonly nint _address;
    private readonly int _generation;

    internal ExprValue(AwaitedNumbers numbers, nint address, Shape shape) =>
        (_numbers, _address, _generation, Shape) = (numbers, address, numbers.Generation, shape);

    /// <summary>[rows × columns].</summary>
    public Shape Shape { get; }

    /// <summary>Number of elements.</summary>
    public int Length => Shape.Size;

    /// <summary>An element, column by column.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such element.</exception>
    /// <exception cref="InvalidOperationException">The value is no longer valid.</exception>
    public double this[int element]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)element, (uint)Length, nameof(element));
            return Numbers.At(_address, element);
        }
    }

    /// <summary>An element of a matrix.</summary>
    /// <inheritdoc cref="this[int]" path="/exception"/>
    public double this[int row, int column]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)row, (uint)Shape.Rows, nameof(row));
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)column, (uint)Shape.Columns, nameof(column));
            return Numbers.At(_address, (column * Shape.Rows) + row);
        }
    }

    private AwaitedNumbers Numbers => _numbers is not null && _numbers.Generation == _generation ? _numbers : throw new InvalidOperationException(
        "The value is no longer valid: the examples that it was computed with have ended. Copy what is to outlive them (ToArray).");

    /// <summary>The position of the largest element, the first of several; NaN counts as larger than any number.</summary>
    public int ArgMax() => Numbers.Precision == Precision.Single
        ? TensorPrimitives.IndexOfMax(AsSpan())
        : TensorPrimitives.IndexOfMax(AsDoubleSpan());

    /// <summary>The elements themselves, column by column; nothing is copied.</summary>
    /// <exception cref="InvalidOperationException">The model's precision is double (then <see cref="AsDoubleSpan"/>), or the value is no longer
    /// valid.</exception>
    public ReadOnlySpan<float> AsSpan() => Numbers.SpanOf<float>(_address, Length);

    /// <inheritdoc cref="AsSpan"/>
    /// <exception cref="InvalidOperationException">The model's precision is single (then <see cref="AsSpan"/>), or the value is no longer
    /// valid.</exception>
    public ReadOnlySpan<double> AsDoubleSpan() => Numbers.SpanOf<double>(_address, Length);

    /// <summary>Copies the elements.</summary>
    /// <exception cref="ArgumentException">The span has another length.</exception>
    public void CopyTo(Span<float> values) => Numbers.CopyTo(_address, RequireLength(values));

    /// <inheritdoc cref="CopyTo(Span{float})"/>
    public void CopyTo(Span<double> values) => Numbers.CopyTo(_address, RequireLength(values));

    /// <summary>A copy of the elements.</summary>
    public double[] ToArray()
    {
        var values = new double[Length];
        CopyTo(values);
        return values;
    }

    /// <summary>A copy of the elements.</summary>
    public static implicit operator double[](ExprValue value) => value.ToArray();

    /// <summary>A copy of the elements.</summary>
    public static implicit operator float[](ExprValue value)
    {
        var values = new float[value.Length];
        value.CopyTo(values);
        return values;
    }

    /// <summary>The number that a scalar is.</summary>
    /// <exception cref="InvalidCastException">The value is no scalar.</exception>
    public static explicit operator double(ExprValue value) =>
        value.Shape.IsScalar ? value[0] : throw new InvalidCastException($"A value {value.Shape} is no scalar; say which element is meant.");

    private Span<T> RequireLength<T>(Span<T> values) => values.Length == Length ? values : throw new ArgumentException(
        $"The span has {values.Length} elements, the value {Shape} has {Length}.", nameof(values));
}
