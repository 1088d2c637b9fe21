using System.Numerics;
using System.Numerics.Tensors;
using BlasNet.Execution;
using BlasNet.Graphs;
using BlasNet.Memory;

namespace BlasNet.Training;

/// <summary>The value of a function of a model's parameters, and its gradient as numbers, by parameter.</summary>
/// <remarks>A copy, which later steps do not change. Of a table that is only looked up it holds the columns looked up.</remarks>
public sealed class ModelGradient
{
    private readonly Model _model;
    private readonly Segment[] _touched;   // of the model's flat buffer, in ascending order; all else is 0
    private readonly double[] _values;     // one range after another

    private ModelGradient(Model model, double value, Segment[] touched, double[] values) =>
        (_model, Value, _touched, _values) = (model, value, touched, values);

    /// <summary>The function's value.</summary>
    public double Value { get; }

    /// <summary>The gradient with respect to a parameter, column by column.</summary>
    /// <exception cref="ArgumentException">The parameter belongs to another model.</exception>
    public double[] this[Parameter parameter]
    {
        get
        {
            ArgumentNullException.ThrowIfNull(parameter);
            var gradient = new double[parameter.Shape.Size];
            CopyTo(parameter, gradient);
            return gradient;
        }
    }

    /// <summary>Copies the gradient with respect to a parameter, column by column.</summary>
    /// <exception cref="ArgumentException">The parameter belongs to another model, or the span has another length.</exception>
    public void CopyTo(Parameter parameter, Span<double> gradient) => Copy(parameter, gradient);

    /// <inheritdoc cref="CopyTo(Parameter, Span{double})"/>
    public void CopyTo(Parameter parameter, Span<float> gradient) => Copy(parameter, gradient);

    /// <summary>The Euclidean norm of the gradient with respect to all parameters together.</summary>
    public double Norm() => TensorPrimitives.Norm<double>(_values);

    /// <summary>Copies what a buffer has.</summary>
    /// <param name="model">Whose parameters it is laid out as.</param>
    /// <param name="value">The function's.</param>
    /// <param name="buffer">A multiple of the gradient.</param>
    /// <param name="divisor">By what to divide it.</param>
    internal static ModelGradient Of<T>(Model model, double value, GradientBuffer<T> buffer, double divisor)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Segment[] touched = [.. buffer.Touched()];
        var values = new double[Segment.LengthOf(touched)];
        Span<double> rest = values;
        foreach (Segment segment in touched)
        {
            TensorPrimitives.ConvertTruncating<T, double>(buffer.Span.Slice(segment.Start, segment.Length), rest);
            rest = rest[segment.Length..];
        }

        TensorPrimitives.Divide(values, divisor, values);
        return new ModelGradient(model, value, touched, values);
    }

    private void Copy<T>(Parameter parameter, Span<T> gradient) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        ArgumentNullException.ThrowIfNull(parameter);
        if (!ReferenceEquals(parameter.Model, _model))
            throw new ArgumentException($"{parameter} belongs to another model.", nameof(parameter));

        if (gradient.Length != parameter.Shape.Size)
            throw new ArgumentException($"The gradient of {parameter} has {parameter.Shape.Size} numbers; the span has {gradient.Length}.", nameof(gradient));

        gradient.Clear();
        (int first, int end, int done) = (parameter.Offset, parameter.Offset + parameter.Shape.Size, 0);
        foreach (Segment segment in _touched)
        {
            (int from, int to) = (Math.Max(first, segment.Start), Math.Min(end, segment.End));
            if (from < to)
                TensorPrimitives.ConvertTruncating<double, T>(_values.AsSpan(done + from - segment.Start, to - from), gradient[(from - first)..]);

            done += segment.Length;
        }
    }
}
