using System.Numerics;
using BlasNet.Execution;
using BlasNet.Graphs;
using BlasNet.Training;

namespace BlasNet.Text.Files;

/// <summary>Fills new parameters with the tensors of a file: each parameter from one tensor, and no tensor left over.</summary>
internal static class WeightReader
{
    /// <param name="model">The parameters' model.</param>
    /// <param name="parameters">Those that are read.</param>
    /// <param name="family">Names their tensors.</param>
    /// <param name="file">Has them.</param>
    /// <param name="hasHead">Whether those of a head are among them; else heads of the file are left out.</param>
    /// <exception cref="IOException">A tensor is missing, too many or of another shape, or cannot be read.</exception>
    public static void Fill<T>(Model model, IReadOnlyList<Parameter> parameters, Family family, TensorFile file, bool hasHead)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Dictionary<string, TensorInfo> tensors = ByName(family, file);
        ParameterStore<T> store = model.Store<T>();
        foreach (Parameter parameter in parameters)
        {
            string name = family.TensorOf(parameter.Name);
            if (!tensors.Remove(name, out TensorInfo? tensor))
                throw new TextModelException(file.File, $"has no tensor '{name}', which {family.Name} has");

            Fill(parameter, tensor, file, store.SpanOf(parameter));
        }

        store.Changed();
        string[] unused = hasHead ? family.Unused : [.. family.Unused, .. Family.Heads];
        foreach ((string name, TensorInfo tensor) in tensors)
        {
            if (!Array.Exists(unused, start => IsBelow(name, start)))
                throw new TextModelException(file.File, $"tensor {tensor} is not part of {family.Name} with the layers that config.json says");
        }
    }

    // A model with a head has the encoder's name before the encoder's tensors.
    private static Dictionary<string, TensorInfo> ByName(Family family, TensorFile file)
    {
        Dictionary<string, TensorInfo> tensors = new(StringComparer.Ordinal);
        foreach (TensorInfo tensor in file.Tensors)
        {
            string name = IsBelow(tensor.Name, family.Prefix) ? tensor.Name[family.Prefix.Length..] : tensor.Name;
            if (!tensors.TryAdd(name, tensor))
                throw new TextModelException(file.File, $"tensor '{name}' occurs twice, with and without '{family.Prefix}' before it");
        }

        return tensors;
    }

    private static bool IsBelow(string name, string start) => name.StartsWith(start, StringComparison.Ordinal);

    private static void Fill<T>(Parameter parameter, TensorInfo tensor, TensorFile file, Span<T> values) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        // A table of vectors has one in each row, a weight in each column.
        Shape shape = parameter.Shape;
        bool isTransposed = tensor.IsTransposed || parameter.Name.EndsWith(".E", StringComparison.Ordinal);
        long[] expected = !parameter.IsWeight ? [shape.Rows] : isTransposed ? [shape.Columns, shape.Rows] : [shape.Rows, shape.Columns];
        if (!tensor.Shape.AsSpan().SequenceEqual(expected))
        {
            throw new TextModelException(
                file.File, $"tensor {tensor} must have the shape [{string.Join(", ", expected)}], which follows from config.json");
        }

        if (isTransposed || !parameter.IsWeight)
            file.ReadInOrder(tensor, values);
        else
            file.Read(tensor, shape, values);
    }
}
