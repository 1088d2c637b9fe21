using System.Numerics;
using BlasNet.Execution;
using BlasNet.Graphs;
using BlasNet.Memory;

namespace BlasNet.Training;

public sealed partial class Model
{
    /// <summary>Writes the parameters to a safetensors file: one tensor for each, under its name, in the model's precision.</summary>
    /// <param name="path">The file to make or to replace. It appears when it is complete: whatever interrupts the writing, an older one
    /// stays as it was.</param>
    /// <remarks>A weight [m × k] is a tensor of shape [m, k], row-major as in every other program; a bias [m] is one of shape [m].</remarks>
    /// <exception cref="ArgumentException"><paramref name="path"/> is empty.</exception>
    /// <exception cref="ArithmeticException">A parameter is infinite or NaN; no file is made or changed.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    /// <exception cref="SafetensorsException">A parameter has a name that the format keeps for itself, <c>__metadata__</c>.</exception>
    /// <exception cref="ObjectDisposedException">The model has been disposed.</exception>
    public void Save(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        using ModelAccess.Scope reading = Access.Read();
        RequireFinite();
        using var writer = new SafetensorsWriter(path, Entries());
        Append(writer);
        writer.Commit();
    }

    /// <summary>Replaces the values of all parameters by those of a safetensors file.</summary>
    /// <param name="path">A file with exactly one tensor for each parameter: of its name and shape, F32 or F64. Where
    /// the precision differs from the model's, values are rounded to the nearest.</param>
    /// <remarks>Everything is checked and read before the first value changes, so after an error the model is what it was.
    /// That takes a second copy of the parameters while it lasts. Evaluations go on until all has been read; those under way then end first.</remarks>
    /// <exception cref="ArgumentException"><paramref name="path"/> is empty.</exception>
    /// <exception cref="SafetensorsException">The file cannot be opened, is not a safetensors file, or has other tensors than the model has
    /// parameters.</exception>
    /// <exception cref="InvalidOperationException">The calling thread is within an evaluation or a training step of the model.</exception>
    /// <exception cref="ObjectDisposedException">The model has been disposed.</exception>
    public void Load(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        using ModelAccess.Scope change = Access.Change(nameof(Load));
        using var reader = new SafetensorsReader(path);
        SafetensorsEntry[] entries = Match(path, reader.Header);

        if (_single is not null)
            Read(reader, entries, _single, _parameters, change);
        else
            Read(reader, entries, _double!, _parameters, change);
    }

    /// <exception cref="SafetensorsException"><see cref="Load"/> would refuse the file, for what it is or for the tensors it has.</exception>
    internal void RequireMatch(string path)
    {
        using var reader = new SafetensorsReader(path);
        Match(path, reader.Header);
    }

    /// <summary>What the header of the model's file says.</summary>
    internal SafetensorsEntry[] Entries() =>
        [.. _parameters.Select(parameter => SafetensorsEntry.For(parameter.Name, Precision, parameter.Shape))];

    /// <summary>Appends the values to a file made with <see cref="Entries"/>.</summary>
    internal void Append(SafetensorsWriter writer)
    {
        foreach (Parameter parameter in _parameters)
        {
            if (_single is not null)
                writer.Append<float>(_single.SpanOf(parameter), parameter.Shape);
            else
                writer.Append<double>(_double!.SpanOf(parameter), parameter.Shape);
        }
    }

    /// <summary>The tensor of each parameter.</summary>
    private SafetensorsEntry[] Match(string path, SafetensorsHeader header)
    {
        var byName = header.Entries.ToDictionary(entry => entry.Name, StringComparer.Ordinal);
        var entries = new SafetensorsEntry[_parameters.Count];

        foreach (Parameter parameter in _parameters)
        {
            if (!byName.Remove(parameter.Name, out SafetensorsEntry? entry))
                throw new SafetensorsException(path, $"has no tensor for the parameter {parameter}. It has: {List(header.Entries)}");

            if (!entry.Fits(parameter.Shape))
                throw new SafetensorsException(path, $"tensor {entry} does not fit the parameter {parameter}");

            entries[parameter.Index] = entry;
        }

        return header.Entries.FirstOrDefault(entry => byName.ContainsKey(entry.Name)) is { } extra
            ? throw new SafetensorsException(path, $"tensor {extra} is not a parameter of the model. It has: {List(_parameters)}")
            : entries;
    }

    private static void Read<T>(
        SafetensorsReader reader, SafetensorsEntry[] entries, ParameterStore<T> store, IReadOnlyList<Parameter> parameters, ModelAccess.Scope change)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        using var values = new NativeBuffer<T>(store.Length);

        foreach (Parameter parameter in parameters)
            reader.Read(entries[parameter.Index], parameter.Shape, values.Span.Slice(parameter.Offset, parameter.Shape.Size));

        change.Exclude();
        foreach (Parameter parameter in parameters)
            values.Span.Slice(parameter.Offset, parameter.Shape.Size).CopyTo(store.SpanOf(parameter));

        store.Changed();
    }

    private static string List<TItem>(IReadOnlyList<TItem> items) => items.Count == 0 ? "none." : $"{string.Join(", ", items)}.";
}
