using System.Numerics;
using System.Runtime.InteropServices;
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
    /// <param name="leaves">Whether what need not be converted stays in the file, to be read there.</param>
    /// <exception cref="IOException">A tensor is missing, too many or of another shape, or cannot be read.</exception>
    public static void Fill<T>(Model model, IReadOnlyList<Parameter> parameters, Family family, TensorFile file, bool hasHead, bool leaves)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        Dictionary<string, TensorInfo> tensors = ByName(family, file);
        Dictionary<Parameter, long> left = [];
        foreach (Parameter parameter in parameters)
        {
            string name = family.TensorOf(parameter.Name);
            if (!tensors.Remove(name, out TensorInfo? tensor))
                throw new TextModelException(file.File, $"has no tensor '{name}', which {family.Name} has");

            RequireShape(parameter, tensor, file);
            if (leaves && IsInOrder(parameter, tensor) && file.OffsetOf<T>(tensor, parameter.Shape.Size) is { } offset)
                left.Add(parameter, offset);   // biases, tables, and the weights of an ONNX model lie in the file as in memory
            else
                Fill<T>(model, parameter, tensor, file);
        }

        string[] unused = hasHead ? family.Unused : [.. family.Unused, .. Family.Heads];
        foreach ((string name, TensorInfo tensor) in tensors)
        {
            if (!Array.Exists(unused, start => IsBelow(name, start)))
                throw new TextModelException(file.File, $"tensor {tensor} is not part of {family.Name} with the layers that config.json says");
        }

        if (left.Count > 0)
            Leave(model, file.File, left);
    }

    private static void Leave(Model model, string file, Dictionary<Parameter, long> offsets)
    {
        try
        {
            model.MapValues(file, offsets);
        }
        catch (EndOfStreamException e)
        {
            throw new TextModelException(file, $"has been cut: {e.Message}", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new TextModelException(file, $"cannot be read: {e.Message}", e);
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

    private static void Fill<T>(Model model, Parameter parameter, TensorInfo tensor, TensorFile file) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var values = new T[parameter.Shape.Size];
        if (IsInOrder(parameter, tensor))
            file.ReadInOrder<T>(tensor, values);
        else
            file.Read<T>(tensor, parameter.Shape, values);

        if (typeof(T) == typeof(float))
            model.SetValues(parameter, MemoryMarshal.Cast<T, float>(values));
        else
            model.SetValues(parameter, MemoryMarshal.Cast<T, double>(values));
    }

    private static void RequireShape(Parameter parameter, TensorInfo tensor, TensorFile file)
    {
        Shape shape = parameter.Shape;
        long[] expected = !parameter.IsWeight ? [shape.Rows] : IsTransposed(parameter, tensor) ? [shape.Columns, shape.Rows] : [shape.Rows, shape.Columns];
        if (!tensor.Shape.AsSpan().SequenceEqual(expected))
        {
            throw new TextModelException(
                file.File, $"tensor {tensor} must have the shape [{string.Join(", ", expected)}], which follows from config.json");
        }
    }

    private static bool IsInOrder(Parameter parameter, TensorInfo tensor) => !parameter.IsWeight || IsTransposed(parameter, tensor);

    // A table of vectors has one in each row, a weight in each column.
    private static bool IsTransposed(Parameter parameter, TensorInfo tensor) =>
        tensor.IsTransposed || parameter.Name.EndsWith(".E", StringComparison.Ordinal);
}
