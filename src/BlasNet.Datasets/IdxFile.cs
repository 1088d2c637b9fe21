using System.Buffers.Binary;

namespace BlasNet.Datasets;

/// <summary>What an IDX file holds.</summary>
internal enum IdxContent
{
    /// <summary>[n × rows × columns]</summary>
    Images,

    /// <summary>[n], or [n × columns] with the class in the first one.</summary>
    Labels,
}

/// <summary>One IDX file: its header read and checked, its items still to come.</summary>
internal sealed class IdxFile : IDisposable
{
    /// <summary>Larger items are taken for a damaged header: 2²⁴ elements, an image of 4096 × 4096.</summary>
    private const long MaximumItem = 1 << 24;

    private const int UnsignedByte = 0x08, SignedByte = 0x09, Int16 = 0x0B, Int32 = 0x0C, Single = 0x0D, Double = 0x0E;

    private readonly Stream _stream;
    private readonly byte[] _buffer = new byte[1 << 14];
    private readonly int _type;
    private readonly long _itemsStart;

    /// <param name="path">Stands for the data in errors.</param>
    /// <param name="stream">Is disposed with this.</param>
    /// <param name="content">What is expected.</param>
    /// <exception cref="DataFormatException">The header is another one, or cut off; the stream is disposed.</exception>
    public IdxFile(string path, Stream stream, IdxContent content)
    {
        (Path, _stream) = (path, stream);

        try
        {
            (_type, int dimensions) = ReadMagic(content);
            Count = ReadDimension("count", int.MaxValue);
            ItemSize = 1;

            for (int dimension = 1; dimension < dimensions; dimension++)
                ItemSize *= ReadDimension(dimension == 1 && content == IdxContent.Images ? "number of rows" : "number of columns", MaximumItem / ItemSize);

            _itemsStart = _stream.Position;
        }
        catch
        {
            _stream.Dispose();
            throw;
        }
    }

    public string Path { get; }

    /// <summary>Number of items.</summary>
    public int Count { get; }

    /// <summary>Elements of an item.</summary>
    public int ItemSize { get; }

    /// <summary>Whether elements are integers.</summary>
    public bool IsInteger => _type is not (Single or Double);

    private int ElementBytes => _type switch { UnsignedByte or SignedByte => 1, Int16 => 2, Double => 8, _ => 4 };

    /// <summary>Reads the next item.</summary>
    /// <param name="index">Its number, from 0.</param>
    /// <param name="item">[<see cref="ItemSize"/>]</param>
    public void ReadItem(int index, Span<float> item)
    {
        int size = ElementBytes;

        for (int done = 0; done < item.Length;)
        {
            int count = Math.Min(item.Length - done, _buffer.Length / size);
            Span<byte> bytes = _buffer.AsSpan(0, count * size);
            int read = _stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);

            if (read < bytes.Length)
                throw Error($"the file ends within item {index + 1} of {Count}, after {done * size + read} of its {(long)item.Length * size} bytes");

            for (int i = 0; i < count; i++)
                item[done + i] = ElementAt(bytes[(i * size)..]);

            done += count;
        }
    }

    public void ExpectEnd()
    {
        long end = _stream.Position;

        if (_stream.ReadByte() >= 0)
            throw DataFormatException.AtByte(Path, end, $"the file goes on after its {Count} items");
    }

    /// <summary>An error in an element that has been read.</summary>
    public DataFormatException ErrorIn(int item, int element, string rule) =>
        DataFormatException.AtByte(Path, _itemsStart + ((long)item * ItemSize + element) * ElementBytes, rule);

    public void Dispose() => _stream.Dispose();

    private float ElementAt(ReadOnlySpan<byte> bytes) => _type switch
    {
        UnsignedByte => bytes[0],
        SignedByte => (sbyte)bytes[0],
        Int16 => BinaryPrimitives.ReadInt16BigEndian(bytes),
        Int32 => BinaryPrimitives.ReadInt32BigEndian(bytes),
        Single => BinaryPrimitives.ReadSingleBigEndian(bytes),
        _ => (float)BinaryPrimitives.ReadDoubleBigEndian(bytes),
    };

    private (int Type, int Dimensions) ReadMagic(IdxContent content)
    {
        int magic = ReadInteger("magic number");
        int type = magic >> 8, dimensions = magic & 0xFF;
        bool isIdx = type is UnsignedByte or SignedByte or Int16 or Int32 or Single or Double;

        if (isIdx && (content == IdxContent.Images ? dimensions == 3 : dimensions is 1 or 2))
            return (type, dimensions);

        string expected = content == IdxContent.Images ? "0000??03 (images)" : "0000??01 or 0000??02 (labels)";
        string found = !isIdx ? "" : dimensions == 3 ? ", an IDX file of images" : dimensions is 1 or 2 ? ", an IDX file of labels" : "";
        throw DataFormatException.AtByte(Path, 0, $"IDX magic number {expected} expected, got {magic:X8}{found}");
    }

    private int ReadDimension(string name, long maximum)
    {
        int value = ReadInteger(name);

        return value >= 1 && value <= maximum ? value
            : throw DataFormatException.AtByte(Path, _stream.Position - sizeof(int), $"{name} {value} is outside 1…{maximum}");
    }

    private int ReadInteger(string name)
    {
        Span<byte> bytes = stackalloc byte[sizeof(int)];
        int read = _stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);

        return read == bytes.Length ? BinaryPrimitives.ReadInt32BigEndian(bytes)
            : throw Error(_stream.Position == 0 ? "is empty; an IDX header is expected" : $"the file ends within the {name} of its header");
    }

    private DataFormatException Error(string rule) => DataFormatException.AtByte(Path, _stream.Position, rule);
}
