using System.Numerics;
using System.Numerics.Tensors;
using BlasNet.Execution;
using BlasNet.Graphs;
using BlasNet.Memory;

namespace BlasNet.Training;

public sealed partial class Model
{
    private IDisposable? _spareEngine;   // for the next evaluation of a graph

    /// <summary>A copy of a parameter's values, column by column.</summary>
    public double[] ValuesOf(Parameter parameter)
    {
        ArgumentNullException.ThrowIfNull(parameter);
        var values = new double[parameter.Shape.Size];
        CopyValues(parameter, values);
        return values;
    }

    /// <summary>Copies a parameter's values.</summary>
    /// <param name="parameter">One of this model's.</param>
    /// <param name="values">Receives rows × columns numbers, column by column.</param>
    /// <exception cref="ArgumentException">The span has another length, or the parameter belongs to another model.</exception>
    public void CopyValues(Parameter parameter, Span<double> values) => Copy(parameter, values);

    /// <inheritdoc cref="CopyValues(Parameter, Span{double})"/>
    public void CopyValues(Parameter parameter, Span<float> values) => Copy(parameter, values);

    /// <summary>Replaces a parameter's values.</summary>
    /// <param name="parameter">One of this model's.</param>
    /// <param name="values">rows × columns numbers, column by column.</param>
    /// <exception cref="ArgumentException">Another number of values.</exception>
    /// <exception cref="InvalidOperationException">The calling thread is within an evaluation or a training step of the model.</exception>
    public void SetValues(Parameter parameter, ReadOnlySpan<double> values) => Set(parameter, values);

    /// <inheritdoc cref="SetValues(Parameter, ReadOnlySpan{double})"/>
    public void SetValues(Parameter parameter, ReadOnlySpan<float> values) => Set(parameter, values);

    /// <summary>Leaves values of parameters in a file that has them as memory does. Evaluations read them there, mapped into memory; they are copied before
    /// they change, by a training step too, or are saved.</summary>
    /// <param name="path">The file. It must not change as long as the model is in use.</param>
    /// <param name="offsets">For each of these parameters the byte where its values begin: rows × columns numbers of the model's precision, column by column,
    /// little-endian. For those of a safetensors file see <see cref="SafetensorsReader.OffsetOf"/>; its tensors are row by row.</param>
    /// <exception cref="ArgumentException">A parameter belongs to another model.</exception>
    /// <exception cref="EndOfStreamException">The values of a parameter would end after the end of the file.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    /// <exception cref="InvalidOperationException">The calling thread is within an evaluation or a training step of the model.</exception>
    public void MapValues(string path, IReadOnlyDictionary<Parameter, long> offsets)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        ArgumentNullException.ThrowIfNull(offsets);
        using ModelAccess.Scope change = Access.Exclusive(nameof(MapValues));
        if (_single is not null)
            Map(path, offsets, _single);
        else
            Map(path, offsets, _double!);

        Changed();
    }

    /// <summary>Runs an action between two updates: no parameter changes until it returns, so the values that it reads are of one moment.</summary>
    /// <param name="action">Reads parameters, on this thread. Evaluations go on beside it; a training step waits with its update.</param>
    /// <exception cref="ObjectDisposedException">The model has been disposed.</exception>
    public void BetweenUpdates(Action action)
    {
        ArgumentNullException.ThrowIfNull(action);
        using ModelAccess.Scope reading = Access.Read();
        action();
    }

    /// <summary>The value and gradient of a function of the parameters.</summary>
    /// <param name="function">Builds a scalar in the graph given: a sum of losses, a regulariser, any expression.</param>
    /// <returns>By every parameter; 0 where the function does not depend on it.</returns>
    /// <remarks>Batched as a training step is, and computed from the parameters of one moment. Infinities and NaN are handed over as they are.</remarks>
    /// <exception cref="ShapeException">The function's value is not a scalar.</exception>
    /// <exception cref="InvalidOperationException">It belongs to another graph than the one given.</exception>
    /// <exception cref="ObjectDisposedException">The model has been disposed.</exception>
    public ModelGradient GradientOf(Func<Graph, Expr> function)
    {
        ArgumentNullException.ThrowIfNull(function);
        return _single is not null ? GradientOf(function, _single) : GradientOf(function, _double!);
    }

    private void Copy<T>(Parameter parameter, Span<T> values) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        RequireLength(parameter, values.Length);
        using ModelAccess.Scope reading = Access.Read();
        if (_single is not null)
            TensorPrimitives.ConvertTruncating<float, T>(_single.ValuesOf(Mine(parameter)), values);
        else
            TensorPrimitives.ConvertTruncating<double, T>(_double!.ValuesOf(Mine(parameter)), values);
    }

    private void Set<T>(Parameter parameter, ReadOnlySpan<T> values) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        RequireLength(parameter, values.Length);
        using ModelAccess.Scope change = Access.Exclusive(nameof(SetValues));
        if (_single is not null)
            TensorPrimitives.ConvertTruncating(values, _single.SpanOf(Mine(parameter)));
        else
            TensorPrimitives.ConvertTruncating(values, _double!.SpanOf(Mine(parameter)));

        Changed();
    }

    private unsafe void Map<T>(string path, IReadOnlyDictionary<Parameter, long> offsets, ParameterStore<T> store)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var file = new MappedFile(path);
        try
        {
            Dictionary<int, ParameterStore<T>.InFile> places = [];
            foreach ((Parameter parameter, long offset) in offsets)
            {
                int length = Mine(parameter).Shape.Size;
                places.Add(parameter.Offset, new((T*)file.At(offset, (long)length * sizeof(T)), length));
            }

            store.LeaveIn(file, places);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    private static void RequireLength(Parameter parameter, int values)
    {
        ArgumentNullException.ThrowIfNull(parameter);
        if (values != parameter.Shape.Size)
            throw new ArgumentException($"{parameter} takes {parameter.Shape.Size} values, not {values}.", nameof(values));
    }

    private ModelGradient GradientOf<T>(Func<Graph, Expr> function, ParameterStore<T> store) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Graph graph = NewGraph();
        Expr value = graph.ScalarOf(function, "What a gradient is taken of");
        return Compute<T, ModelGradient>(engine =>
        {
            Parameter[] all = [.. _parameters];
            using var gradient = new GradientBuffer<T>(store.Length, all);
            engine.Prepare(graph, [value], value, all);
            engine.Execute(gradient);
            return ModelGradient.Of(this, double.CreateTruncating(engine.ValueOf(0)[0]), gradient, divisor: 1);
        });
    }

    /// <summary>Computes something from the parameters of one moment.</summary>
    internal TResult Compute<T, TResult>(Func<Engine<T>, TResult> compute) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        using ModelAccess.Scope reading = Access.Read();
        var engine = (Engine<T>?)Interlocked.Exchange(ref _spareEngine, null) ?? Own(new Engine<T>(Store<T>()));
        TResult result = compute(engine);
        Interlocked.Exchange(ref _spareEngine, engine)?.Dispose();
        return result;
    }
}
