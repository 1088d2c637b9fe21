using System.Numerics;
using System.Numerics.Tensors;
using BlasNet.Graphs;
using BlasNet.Memory;

namespace BlasNet.Execution;

/// <summary>The gradient with respect to a model's parameters, laid out as they are, and which parts of it a step has touched.</summary>
/// <remarks>Columns that have not been touched are zero. So clearing, reading and updating a table of words cost as much as the words that a step looks up,
/// however many words the table has.</remarks>
internal sealed unsafe class GradientBuffer<T> : IDisposable where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private readonly NativeBuffer<T> _values;
    private readonly List<Segment> _ofOne = [];

    /// <param name="length">Elements of the parameters' flat buffer.</param>
    /// <param name="parameters">All parameters of the model, by <see cref="Parameter.Index"/>.</param>
    public GradientBuffer(int length, IReadOnlyList<Parameter> parameters)
    {
        _values = new NativeBuffer<T>(Math.Max(1, length));
        _values.Clear();
        TouchedParts = new TouchedParameters(parameters);
    }

    public T* Pointer => _values.Pointer;

    public Span<T> Span => _values.Span;

    public Span<T> SpanOf(Parameter parameter) => new(_values.Pointer + parameter.Offset, parameter.Shape.Size);

    /// <summary>Which parts a step has touched.</summary>
    public TouchedParameters TouchedParts { get; }

    /// <inheritdoc cref="TouchedParameters.List"/>
    public ReadOnlySpan<Segment> Touched() => TouchedParts.List();

    /// <summary>The last result of <see cref="Touched"/>.</summary>
    public ReadOnlySpan<Segment> LastTouched => TouchedParts.Last;

    /// <summary>Sets a parameter's gradient to zero. Clears only what has been touched.</summary>
    public void Clear(Parameter parameter)
    {
        TouchedColumns touched = TouchedParts[parameter.Index];
        if (touched.IsEmpty)
            return;

        _ofOne.Clear();
        touched.AppendTo(_ofOne, parameter.Offset, parameter.Shape.Rows);
        foreach (Segment segment in _ofOne)
            new Span<T>(_values.Pointer + segment.Start, segment.Length).Clear();

        touched.Clear();
    }

    /// <summary>Sets all to zero. Clears only what has been touched.</summary>
    public void ClearAll(IReadOnlyList<Parameter> parameters)
    {
        foreach (Parameter parameter in parameters)
            Clear(parameter);
    }

    /// <summary>Notes that all of a parameter's gradient is written.</summary>
    public void TouchAll(Parameter parameter) => TouchedParts[parameter.Index].AddAll();

    /// <summary>Notes that some columns of a parameter's gradient are written.</summary>
    public void Touch(int parameter, ReadOnlySpan<T> columns) => TouchedParts[parameter].Add(columns);

    /// <summary>Notes what another buffer has touched.</summary>
    public void AddTouched(GradientBuffer<T> other) => TouchedParts.Add(other.TouchedParts);

    /// <summary>Adds another buffer's values, within a range of the flat buffer.</summary>
    /// <param name="other">The buffer.</param>
    /// <param name="touched">Its touched ranges.</param>
    /// <param name="range">The part of the flat buffer to add.</param>
    public void AddValues(GradientBuffer<T> other, ReadOnlySpan<Segment> touched, Segment range)
    {
        foreach (Segment segment in touched)
        {
            (int start, int end) = (Math.Max(segment.Start, range.Start), Math.Min(segment.End, range.End));
            if (start < end)
                TensorPrimitives.Add(_values.Span[start..end], other._values.Span[start..end], _values.Span[start..end]);
        }
    }

    public void Dispose() => _values.Dispose();
}
