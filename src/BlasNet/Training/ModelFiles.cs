using System.Numerics;
using BlasNet.Execution;
using BlasNet.Graphs;
using BlasNet.Memory;

namespace BlasNet.Training;

public sealed partial class Model
{
#pragma warning disable RS0026 // Several overloads with optional parameters: these differ in the first one, so no call is ambiguous.
    /// <summary>Writes the parameters to a safetensors file: one tensor for each, under its name, in the model's precision.</summary>
    /// <param name="path">The file to make or to replace. It appears when it is complete: whatever interrupts the writing, an older one
    /// stays as it was.</param>
    /// <param name="metadata">Free text by name, to be kept with them.</param>
    /// <remarks>A weight [m × k] is a tensor of shape [m, k], row-major as in every other program; a bias [m] is one of shape [m].</remarks>
    /// <exception cref="ArgumentException"><paramref name="path"/> is empty.</exception>
    /// <exception cref="ArithmeticException">A parameter is infinite or NaN; no file is made or changed.</exception>
    /// <exception cref="IOException">The file cannot be written.</exception>
    /// <exception cref="SafetensorsException">A parameter has a name that the format keeps for itself, <c>__metadata__</c>.</exception>
    /// <exception cref="ObjectDisposedException">The model has been disposed.</exception>
    public void Save(string path, IReadOnlyDictionary<string, string>? metadata = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        Save(entries => new SafetensorsWriter(path, entries, metadata));
    }

    /// <summary>Writes the parameters to a stream, as to a file. It is not disposed.</summary>
    /// <param name="stream">Receives the file from where it stands.</param>
    /// <param name="metadata">Free text by name, to be kept with them.</param>
    /// <inheritdoc cref="Save(string, IReadOnlyDictionary{string, string})" path="/remarks|/exception"/>
    public void Save(Stream stream, IReadOnlyDictionary<string, string>? metadata = null)
    {
        ArgumentNullException.ThrowIfNull(stream);
        Save(entries => new SafetensorsWriter(stream, entries, metadata));
    }

    /// <summary>Replaces the values of all parameters by those of a safetensors file.</summary>
    /// <param name="path">A file with exactly one tensor for each parameter: of its shape, F32, F64, F16 or BF16. Where
    /// the type differs from the model's precision, values are rounded to the nearest.</param>
    /// <param name="names">Gives the parameter's name for a tensor's; null for a tensor to leave out. Without it their names are the same.</param>
    /// <remarks>Everything is checked and read before the first value changes, so after an error the model is what it was.
    /// That takes a second copy of the parameters while it lasts. Evaluations go on until all has been read; those under way then end first.</remarks>
    /// <exception cref="ArgumentException"><paramref name="path"/> is empty.</exception>
    /// <exception cref="SafetensorsException">The file cannot be opened, is not a safetensors file, or has other tensors than the model has
    /// parameters.</exception>
    /// <exception cref="InvalidOperationException">The calling thread is within an evaluation or a training step of the model.</exception>
    /// <exception cref="ObjectDisposedException">The model has been disposed.</exception>
    public void Load(string path, Func<string, string?>? names = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        Load(() => new SafetensorsReader(path), names, isPartial: false);
    }

    /// <summary>Replaces the values of all parameters by those that a stream gives.</summary>
    /// <param name="stream">A safetensors file from where it stands; it need not be able to seek, and is not disposed.</param>
    /// <param name="names">Gives the parameter's name for a tensor's; null for a tensor to leave out.</param>
    /// <inheritdoc cref="Load(string, Func{string, string})" path="/remarks|/exception"/>
    public void Load(Stream stream, Func<string, string?>? names = null)
    {
        ArgumentNullException.ThrowIfNull(stream);
        Load(() => new SafetensorsReader(stream), names, isPartial: false);
    }

    /// <summary>Replaces the values of those parameters for which a safetensors file has a tensor.</summary>
    /// <param name="path">A file in which a tensor for a parameter has its shape, F32, F64, F16 or BF16.</param>
    /// <param name="names">Gives the parameter's name for a tensor's; null for a tensor to leave out.</param>
    /// <returns>What was taken, missing and unexpected.</returns>
    /// <example><code>
    /// LoadReport report = model.LoadPartially("bert.safetensors", name => name.Replace("encoder.layer.", "layer"));
    /// Console.WriteLine(report);
    /// </code></example>
    /// <inheritdoc cref="Load(string, Func{string, string})" path="/remarks|/exception"/>
    public LoadReport LoadPartially(string path, Func<string, string?>? names = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return Load(() => new SafetensorsReader(path), names, isPartial: true);
    }

    /// <summary>Replaces the values of those parameters for which a stream has a tensor.</summary>
    /// <param name="stream">A safetensors file from where it stands; it need not be able to seek, and is not disposed.</param>
    /// <param name="names">Gives the parameter's name for a tensor's; null for a tensor to leave out.</param>
    /// <inheritdoc cref="LoadPartially(string, Func{string, string})" path="/returns|/remarks|/exception"/>
    public LoadReport LoadPartially(Stream stream, Func<string, string?>? names = null)
    {
        ArgumentNullException.ThrowIfNull(stream);
        return Load(() => new SafetensorsReader(stream), names, isPartial: true);
    }

#pragma warning restore RS0026
    /// <exception cref="SafetensorsException"><see cref="Load(string, Func{string, string})"/> would refuse the file, for what it is or for the tensors it
    /// has.</exception>
    internal void RequireMatch(string path)
    {
        using var reader = new SafetensorsReader(path);
        Match(reader, names: null, isPartial: false);
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

    private void Save(Func<SafetensorsEntry[], SafetensorsWriter> open)
    {
        using ModelAccess.Scope reading = Access.Read();
        RequireFinite();
        using SafetensorsWriter writer = open(Entries());
        Append(writer);
        writer.Commit();
    }

    private LoadReport Load(Func<SafetensorsReader> open, Func<string, string?>? names, bool isPartial)
    {
        using ModelAccess.Scope change = Access.Change(nameof(Load));
        using SafetensorsReader reader = open();
        (List<(Parameter, SafetensorsEntry)> taken, LoadReport report) = Match(reader, names, isPartial);
        if (_single is not null)
            Read(reader, taken, _single, change);
        else
            Read(reader, taken, _double!, change);

        return report;
    }

    /// <summary>The tensor of each parameter, in the order of the file.</summary>
    private (List<(Parameter Parameter, SafetensorsEntry Entry)> Taken, LoadReport Report) Match(
        SafetensorsReader reader, Func<string, string?>? names, bool isPartial)
    {
        string file = reader.Name;
        Dictionary<string, SafetensorsEntry> byName = ByName(reader, names);
        List<(Parameter Parameter, SafetensorsEntry Entry)> taken = [];
        List<Parameter> missing = [];
        foreach (Parameter parameter in _parameters)
        {
            if (!byName.Remove(parameter.Name, out SafetensorsEntry? entry))
                missing.Add(isPartial ? parameter
                    : throw new SafetensorsException(file, $"has no tensor for the parameter {parameter}. It has: {List(reader.Entries)}"));
            else if (entry.Fits(parameter.Shape))
                taken.Add((parameter, entry));
            else
                throw new SafetensorsException(file, $"tensor {entry} does not fit the parameter {parameter}");
        }

        SafetensorsEntry[] unexpected = [.. byName.Values.OrderBy(entry => entry.Offset).ThenBy(entry => entry.Bytes)];
        if (!isPartial && unexpected.Length > 0)
            throw new SafetensorsException(file, $"tensor {unexpected[0]} is not a parameter of the model. It has: {List(_parameters)}");

        var report = new LoadReport(
            [.. taken.Select(pair => KeyValuePair.Create(pair.Parameter, pair.Entry.Name))], missing, [.. unexpected.Select(entry => entry.Name)],
            reader.Metadata);
        taken.Sort((one, other) => one.Entry.Offset.CompareTo(other.Entry.Offset));   // so that a stream need not go back
        return (taken, report);
    }

    // By the parameter's name.
    private static Dictionary<string, SafetensorsEntry> ByName(SafetensorsReader reader, Func<string, string?>? names)
    {
        var byName = new Dictionary<string, SafetensorsEntry>(StringComparer.Ordinal);
        foreach (SafetensorsEntry entry in reader.Entries)
        {
            if ((names is null ? entry.Name : names(entry.Name)) is { } name && !byName.TryAdd(name, entry))
                throw new SafetensorsException(reader.Name, $"tensors {byName[name]} and {entry} are both named '{name}' by the map of names");
        }

        return byName;
    }

    private static void Read<T>(
        SafetensorsReader reader, List<(Parameter Parameter, SafetensorsEntry Entry)> taken, ParameterStore<T> store, ModelAccess.Scope change)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        using var values = new NativeBuffer<T>(store.Length);

        foreach ((Parameter parameter, SafetensorsEntry entry) in taken)
            reader.Read(entry, parameter.Shape, values.Span.Slice(parameter.Offset, parameter.Shape.Size));

        change.Exclude();
        foreach ((Parameter parameter, _) in taken)
            values.Span.Slice(parameter.Offset, parameter.Shape.Size).CopyTo(store.SpanOf(parameter));

        store.Changed();
    }

    private static string List<TItem>(IReadOnlyList<TItem> items) => items.Count == 0 ? "none." : $"{string.Join(", ", items)}.";
}
