using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using Google.Protobuf;

namespace BlasNet.Text.Files;

/// <summary>The weights of an encoder in an ONNX model, under the names they had before it was exported.</summary>
/// <remarks>Exporters keep the names of biases and of whatever is used as it is. A product's weight they transpose to [inputs × outputs] and give a number
/// as its name; so it is found by the bias that is added to the product.</remarks>
internal sealed class OnnxFile : TensorFile
{
    private const int Float = 1, Half = 10, BrainFloat = 16;

    private readonly Dictionary<string, OnnxTensor> _weights = new(StringComparer.Ordinal);

    /// <exception cref="TextModelException">The file cannot be opened, or is not an ONNX model with its weights in it.</exception>
    public OnnxFile(string path)
        : base(path)
    {
        OnnxGraph graph = Parse(path).Graph ?? throw new TextModelException(path, "has no graph: is it an ONNX model?");
        Dictionary<string, OnnxTensor> initializers = new(StringComparer.Ordinal);
        foreach (OnnxTensor tensor in graph.Initializers)
        {
            if (!initializers.TryAdd(tensor.Name, tensor))
                throw new TextModelException(path, $"tensor '{tensor.Name}' occurs twice");
        }

        // Equal initializers may be stored once and used through Identity.
        foreach (OnnxNode node in graph.Nodes.Where(node => node.Operator == "Identity" && node.Inputs.Count == 1 && node.Outputs.Count == 1))
        {
            if (initializers.TryGetValue(node.Inputs[0], out OnnxTensor? original))
                initializers.TryAdd(node.Outputs[0], original);
        }

        Dictionary<string, string> named = NamesOfProducts(graph, initializers);
        List<TensorInfo> tensors = [];
        foreach ((string given, OnnxTensor tensor) in initializers)
        {
            bool isTransposed = named.TryGetValue(given, out string? name);
            if (!isTransposed && !IsNamed(given))
                continue;   // numbers, axes and shapes

            if (!_weights.TryAdd(name ?? given, tensor))
                throw new TextModelException(path, $"tensor '{name ?? given}' occurs twice");

            tensors.Add(new TensorInfo(name ?? given, [.. tensor.Dimensions], isTransposed));
        }

        Tensors = tensors;
    }

    public override IReadOnlyList<TensorInfo> Tensors { get; }

    public override long? OffsetOf<T>(TensorInfo tensor, int elements)
    {
        OnnxTensor stored = _weights[tensor.Name];
        bool isThere = typeof(T) == typeof(float) && stored.ElementType == Float && !stored.IsElsewhere && stored.Numbers.Count == 0;
        return isThere && stored.Length == (long)elements * sizeof(float) ? stored.Start : null;
    }

    public override void ReadInOrder<T>(TensorInfo tensor, Span<T> elements) =>
        TensorPrimitives.ConvertTruncating<float, T>(NumbersOf(tensor, elements.Length), elements);

    public override void Read<T>(TensorInfo tensor, Shape shape, Span<T> columnMajor) =>
        Transpose(NumbersOf(tensor, shape.Size), shape, columnMajor);

    private static bool IsNamed(string tensor) =>
        tensor.EndsWith(".weight", StringComparison.Ordinal) || tensor.EndsWith(".bias", StringComparison.Ordinal);

    private static OnnxModel Parse(string path)
    {
        try
        {
            using FileStream stream = System.IO.File.OpenRead(path);
            using var input = new CodedInputStream(stream);
            var model = new OnnxModel();
            model.MergeFrom(input);
            return model;
        }
        catch (InvalidProtocolBufferException e)
        {
            throw new TextModelException(path, $"is not an ONNX model: {e.Message}", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new TextModelException(path, $"cannot be read: {e.Message}", e);
        }
    }

    // Names the weight of each product after the bias that is added to it.
    private static Dictionary<string, string> NamesOfProducts(OnnxGraph graph, Dictionary<string, OnnxTensor> initializers)
    {
        Dictionary<string, string> weights = new(StringComparer.Ordinal), names = new(StringComparer.Ordinal);
        foreach (OnnxNode node in graph.Nodes.Where(node => node.Inputs.Count == 2 && node.Outputs.Count == 1))
        {
            if (node.Operator == "MatMul" && initializers.ContainsKey(node.Inputs[1]))
                weights.TryAdd(node.Outputs[0], node.Inputs[1]);
            else if (node.Operator == "Add" && Either(node, initializers.ContainsKey) is { } bias && bias.EndsWith(".bias", StringComparison.Ordinal)
                && Either(node, weights.ContainsKey) is { } product)
                names.TryAdd(weights[product], bias[..^"bias".Length] + "weight");
        }

        return names;

        static string? Either(OnnxNode node, Func<string, bool> condition) => node.Inputs.FirstOrDefault(condition);
    }

    private static void Transpose<T>(ReadOnlySpan<float> rowMajor, Shape shape, Span<T> columnMajor) where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        for (int row = 0; row < shape.Rows; row++)
        {
            for (int column = 0; column < shape.Columns; column++)
                columnMajor[column * shape.Rows + row] = T.CreateTruncating(rowMajor[row * shape.Columns + column]);
        }
    }

    private ReadOnlySpan<float> NumbersOf(TensorInfo info, int count)
    {
        OnnxTensor tensor = _weights[info.Name];
        if (tensor.IsElsewhere)
            throw new TextModelException(File, $"tensor {info} is in another file; weights must be in the model's own");

        if (tensor.ElementType is not (Float or Half or BrainFloat))
        {
            throw new TextModelException(
                File,
                $"tensor {info} has the element type {tensor.ElementType}; {Float} (float), {Half} and {BrainFloat} (half precision) can be read");
        }

        if (tensor.ElementType == Float && tensor.Numbers.Count > 0)
        {
            Require(tensor.Numbers.Count, count, "numbers");
            return CollectionsMarshal.AsSpan(tensor.Numbers);
        }

        Require(tensor.Length, (long)count * (tensor.ElementType == Float ? sizeof(float) : sizeof(ushort)), "bytes");
        if (tensor.ElementType == Float)
            return Stored<float>(tensor.Start, count);

        if (tensor.ElementType == Half)
        {
            float[] numbers = new float[count];
            TensorPrimitives.ConvertToSingle(Stored<System.Half>(tensor.Start, count), numbers);
            return numbers;
        }

        // The upper halves of floats.
        return Array.ConvertAll(Stored<ushort>(tensor.Start, count), upper => BitConverter.UInt32BitsToSingle((uint)upper << 16));

        void Require(long given, long needed, string units)
        {
            if (given != needed)
                throw new TextModelException(File, $"tensor {info} needs {needed} {units}; it has {given}");
        }
    }

    private T[] Stored<T>(long start, int count) where T : unmanaged
    {
        var numbers = new T[count];
        try
        {
            using FileStream stream = System.IO.File.OpenRead(File);
            stream.Position = start;
            stream.ReadExactly(MemoryMarshal.AsBytes(numbers.AsSpan()));
            return numbers;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new TextModelException(File, $"cannot be read: {e.Message}", e);
        }
    }
}
