using Google.Protobuf;

namespace BlasNet.Tests.Text;

/// <summary>Writes the part of an ONNX model that matters, as PyTorch exports it: weights of products transposed and nameless, biases added to them.</summary>
internal sealed class OnnxWriter(string type, bool asNumbers)
{
    private readonly List<byte> _graph = [];
    private int _number;

    public bool IsElsewhere { get; init; }

    public byte[] Write(Dictionary<string, (long[] Shape, double[] Values)> tensors)
    {
        WriteInitializer("axes", 7, [2], new byte[16]);
        foreach (var (name, (shape, values)) in tensors)
        {
            if (tensors.TryGetValue(name.Replace(".weight", ".bias", StringComparison.Ordinal), out var bias) && bias.Values != values && shape.Length == 2)
                WriteProduct(name, shape, values);
            else
                WriteInitializer(name, ElementType, shape, values);
        }

        WriteNode("Softmax", ["7"], "8");
        using var model = new MemoryStream();
        var output = new CodedOutputStream(model);
        WriteVarint(output, 1, 8);
        WriteBytes(output, 2, "pytorch"u8.ToArray());
        WriteBytes(output, 7, [.. _graph]);
        output.Flush();
        return model.ToArray();
    }

    public int ElementType { get; init; } = type switch { "F32" => 1, "F16" => 10, _ => 16 };

    private void WriteProduct(string name, long[] shape, double[] values)
    {
        double[] transposed = [.. Enumerable.Range(0, values.Length).Select(i => values[i % shape[0] * shape[1] + i / shape[0]])];
        string weight = $"onnx::MatMul_{++_number}", product = $"product{_number}", bias = name.Replace(".weight", ".bias", StringComparison.Ordinal);
        string stored = weight;
        if (_number % 3 == 0)
            WriteNode("Identity", [stored = weight + "_shared"], weight);

        WriteInitializer(stored, ElementType, [shape[1], shape[0]], transposed);
        WriteNode("MatMul", ["x", weight], product);
        WriteNode("Add", _number % 2 == 0 ? [bias, product] : [product, bias], $"sum{_number}");
    }

    private void WriteInitializer(string name, int elementType, long[] shape, double[] values)
    {
        if (asNumbers)
            WriteInitializer(name, elementType, shape, [], [.. values.SelectMany(value => BitConverter.GetBytes((float)value))]);
        else
            WriteInitializer(name, elementType, shape, SmallEncoder.Bytes(values, type));
    }

    private void WriteInitializer(string name, int elementType, long[] shape, byte[] raw, byte[]? numbers = null) => WriteMessage(5, output =>
    {
        foreach (long dimension in shape)
            WriteVarint(output, 1, dimension);

        WriteVarint(output, 2, elementType);
        if (IsElsewhere)
            WriteVarint(output, 14, 1);

        if (numbers is not null)
            WriteBytes(output, 4, numbers);
        else
            WriteBytes(output, 9, raw);

        WriteBytes(output, 8, System.Text.Encoding.UTF8.GetBytes(name));
    });

    private void WriteNode(string op, string[] inputs, string result) => WriteMessage(1, output =>
    {
        foreach (string input in inputs)
            WriteBytes(output, 1, System.Text.Encoding.UTF8.GetBytes(input));

        WriteBytes(output, 2, System.Text.Encoding.UTF8.GetBytes(result));
        WriteBytes(output, 3, [65]);
        WriteBytes(output, 4, System.Text.Encoding.UTF8.GetBytes(op));
    });

    private void WriteMessage(int field, Action<CodedOutputStream> write)
    {
        using var message = new MemoryStream();
        var inner = new CodedOutputStream(message);
        write(inner);
        inner.Flush();
        using var framed = new MemoryStream();
        var output = new CodedOutputStream(framed);
        WriteBytes(output, field, message.ToArray());
        output.Flush();
        _graph.AddRange(framed.ToArray());
    }

    private static void WriteVarint(CodedOutputStream output, int field, long value)
    {
        output.WriteTag(field, WireFormat.WireType.Varint);
        output.WriteInt64(value);
    }

    private static void WriteBytes(CodedOutputStream output, int field, byte[] bytes)
    {
        output.WriteTag(field, WireFormat.WireType.LengthDelimited);
        output.WriteBytes(ByteString.CopyFrom(bytes));
    }
}
