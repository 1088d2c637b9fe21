using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace BlasNet.Text.Files;

/// <summary>A message of which only the fields that are needed are read; all others are skipped.</summary>
/// <remarks>The parts of an ONNX model that hold weights and say which product uses them, by the numbers of the format's definition,
/// github.com/onnx/onnx/blob/main/onnx/onnx.proto. No compiler of such definitions is needed for these twelve fields.</remarks>
internal abstract class OnnxMessage : IMessage
{
    public MessageDescriptor Descriptor => throw new NotSupportedException();

    public void MergeFrom(CodedInputStream input)
    {
        while (input.ReadTag() is var tag and not 0)
        {
            if (!Read(WireFormat.GetTagFieldNumber(tag), WireFormat.GetTagWireType(tag), input))
                input.SkipLastField();
        }
    }

    public void WriteTo(CodedOutputStream output) => throw new NotSupportedException();

    public int CalculateSize() => throw new NotSupportedException();

    /// <summary>Reads a field.</summary>
    /// <returns>Whether it is one that is needed, in the form that it must have.</returns>
    protected abstract bool Read(int field, WireFormat.WireType type, CodedInputStream input);

    /// <summary>Passes over bytes that are used where they lie in the file.</summary>
    /// <returns>Where, and how many.</returns>
    protected static (long Start, long Length) Skip(CodedInputStream input)
    {
        long before = input.Position;
        input.SkipLastField();   // the number of bytes, and the bytes
        long end = input.Position, length = end - before - 1;
        while (length > 0 && before + CodedOutputStream.ComputeLengthSize((int)length) + length > end)
            length--;

        return (end - length, length);
    }

    protected static T ReadMessage<T>(CodedInputStream input) where T : OnnxMessage, new()
    {
        var message = new T();
        input.ReadMessage(message);
        return message;
    }
}

internal sealed class OnnxModel : OnnxMessage
{
    public OnnxGraph? Graph { get; private set; }

    protected override bool Read(int field, WireFormat.WireType type, CodedInputStream input)
    {
        if ((field, type) != (7, WireFormat.WireType.LengthDelimited))
            return false;

        Graph = ReadMessage<OnnxGraph>(input);
        return true;
    }
}

internal sealed class OnnxGraph : OnnxMessage
{
    public List<OnnxNode> Nodes { get; } = [];

    public List<OnnxTensor> Initializers { get; } = [];

    protected override bool Read(int field, WireFormat.WireType type, CodedInputStream input)
    {
        if (type != WireFormat.WireType.LengthDelimited || field is not (1 or 5))
            return false;

        if (field == 1)
            Nodes.Add(ReadMessage<OnnxNode>(input));
        else
            Initializers.Add(ReadMessage<OnnxTensor>(input));

        return true;
    }
}

internal sealed class OnnxNode : OnnxMessage
{
    public List<string> Inputs { get; } = [];

    public List<string> Outputs { get; } = [];

    public string Operator { get; private set; } = "";

    protected override bool Read(int field, WireFormat.WireType type, CodedInputStream input)
    {
        if (type != WireFormat.WireType.LengthDelimited || field is not (1 or 2 or 4))
            return false;

        string text = input.ReadString();
        if (field == 4)
            Operator = text;
        else
            (field == 1 ? Inputs : Outputs).Add(text);

        return true;
    }
}

internal sealed class OnnxTensor : OnnxMessage
{
    public string Name { get; private set; } = "";

    public List<long> Dimensions { get; } = [];

    /// <summary>1 for float, 10 for binary16, 16 for bfloat16.</summary>
    public int ElementType { get; private set; }

    /// <summary>Where in the file the elements begin, little-endian.</summary>
    public long Start { get; private set; }

    /// <summary>Number of their bytes.</summary>
    public long Length { get; private set; }

    /// <summary>The elements, where they do not lie in the file so.</summary>
    public List<float> Numbers { get; } = [];

    /// <summary>Whether the elements are in another file.</summary>
    public bool IsElsewhere { get; private set; }

    protected override bool Read(int field, WireFormat.WireType type, CodedInputStream input)
    {
        switch (field, type)
        {
            case (1, WireFormat.WireType.Varint):
                Dimensions.Add(input.ReadInt64());
                return true;
            case (1, WireFormat.WireType.LengthDelimited):
                ReadPacked(input, () => Dimensions.Add(input.ReadInt64()));
                return true;
            case (2, WireFormat.WireType.Varint):
                ElementType = input.ReadInt32();
                return true;
            case (4, WireFormat.WireType.Fixed32):
                Numbers.Add(input.ReadFloat());
                return true;
            case (4, WireFormat.WireType.LengthDelimited):
                ReadPacked(input, () => Numbers.Add(input.ReadFloat()));
                return true;
            case (8, WireFormat.WireType.LengthDelimited):
                Name = input.ReadString();
                return true;
            case (9, WireFormat.WireType.LengthDelimited):
                (Start, Length) = Skip(input);
                return true;
            case (14, WireFormat.WireType.Varint):
                IsElsewhere = input.ReadInt32() != 0;
                return true;
            default:
                return false;
        }
    }

    private static void ReadPacked(CodedInputStream input, Action read)
    {
        long end = input.ReadLength() + input.Position;
        while (input.Position < end)
            read();
    }
}
