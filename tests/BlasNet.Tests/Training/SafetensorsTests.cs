using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Text;
using BlasNet.Training;

namespace BlasNet.Tests.Training;

public sealed class SafetensorsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Target => _folder.File("model.safetensors");

    [Fact]
    public void The_bytes_are_those_of_the_format()
    {
        // W = [1 2 3; 4 5 6], stored column by column, is row by row in the file.
        using (var writer = new SafetensorsWriter(Target, [Entry("W", 2, 3), Entry("b", 2)], new Dictionary<string, string> { ["seed"] = "1" }))
        {
            writer.Append<float>([1, 4, 2, 5, 3, 6], new Shape(2, 3));
            writer.Append<float>([7, 8], new Shape(2));
            writer.Commit();
        }

        const string Header = """{"__metadata__":{"seed":"1"},"W":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},"b":{"dtype":"F32","shape":[2],"data_offsets":[24,32]}}    """;

        byte[] golden =
        [
            0x90, 0, 0, 0, 0, 0, 0, 0,
            .. Encoding.ASCII.GetBytes(Header),
            0, 0, 0x80, 0x3F, 0, 0, 0, 0x40, 0, 0, 0x40, 0x40, // 1 2 3
            0, 0, 0x80, 0x40, 0, 0, 0xA0, 0x40, 0, 0, 0xC0, 0x40, // 4 5 6
            0, 0, 0xE0, 0x40, 0, 0, 0, 0x41, // 7 8
        ];

        Assert.Equal(golden, File.ReadAllBytes(Target));
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(7, 1)]
    [InlineData(1, 7)]
    [InlineData(17, 31)]
    [InlineData(40, 9000)]
    [InlineData(9000, 40)]
    public void Values_come_back_in_either_precision(int rows, int columns)
    {
        RoundTrip<float>(new Shape(rows, columns), Precision.Single);
        RoundTrip<double>(new Shape(rows, columns), Precision.Double);
    }

    [Fact]
    public void Float_values_are_read_exactly_into_double_and_back()
    {
        var shape = new Shape(3, 5);
        float[] values = Random<float>(shape);
        Write(Entry("W", 3, 5), values, shape);
        double[] doubles = Read<double>(shape);

        Assert.Equal(values.Select(value => (double)value), doubles);

        Write(new SafetensorsEntry("W", Precision.Double, [3, 5]), doubles, shape);
        Assert.Equal(values, Read<float>(shape));
    }

    [Fact]
    public void Tensors_scalars_empty_ones_and_any_name_come_back_in_any_order()
    {
        SafetensorsEntry[] entries =
        [
            new("ключ \"\\\n", Precision.Double, []), new("empty", Precision.Single, [0, 5]), new("", Precision.Single, [2, 1, 2]),
        ];
        var metadata = new Dictionary<string, string> { ["format"] = "blasnet", ["note"] = "ä" };

        using (var writer = new SafetensorsWriter(Target, entries, metadata))
        {
            writer.Append([1, 2, 3, 4, 5, 6, 7, 8]);
            writer.Append(Array.Empty<byte>());
            writer.Append(new byte[16]);
            writer.Commit();
        }

        using var reader = new SafetensorsReader(Target);
        byte[] scalar = new byte[8];
        SafetensorsEntry found = reader.Header.Entries.Single(entry => entry.Shape.Count == 0);
        reader.Read(found, scalar);

        Assert.Equal([1, 2, 3, 4, 5, 6, 7, 8], scalar);
        Assert.Equal(metadata, reader.Header.Metadata);
        Assert.Equal(entries.Select(entry => entry.ToString()), reader.Header.Entries.Select(entry => entry.ToString()));
    }

    [Theory]
    [InlineData(2, 3, "2,3", true)]
    [InlineData(2, 3, "3,2", false)]
    [InlineData(2, 3, "6", false)]
    [InlineData(4, 1, "4", true)]
    [InlineData(4, 1, "4,1", true)]
    [InlineData(4, 1, "1,4", false)]
    [InlineData(1, 1, "", true)]
    [InlineData(4, 1, "", false)]
    [InlineData(1, 1, "1,1,1", false)]
    public void A_tensor_fits_a_value_of_its_shape(int rows, int columns, string dimensions, bool fits)
    {
        long[] shape = dimensions.Length == 0 ? [] : [.. dimensions.Split(',').Select(long.Parse)];

        Assert.Equal(fits, new SafetensorsEntry("W", Precision.Single, shape).Fits(new Shape(rows, columns)));
    }

    [Fact]
    public void Reading_into_another_shape_names_file_and_tensor()
    {
        Write<float>(Entry("W", 2, 3), new float[6], new Shape(2, 3));

        Assert.Equal($"{Target}: tensor W F32 [2, 3] does not fit [3 × 2]",
            Assert.Throws<SafetensorsException>(() => Read<float>(new Shape(3, 2))).Message);
    }

    // A header, the number of data bytes behind it, and the rule it breaks.
    public static TheoryData<string, int, string> BrokenHeaders => new()
    {
        { """[]""", 0, "the header must be a JSON object" },
        { """{"W":1}""", 0, "'W' must be a JSON object" },
        { """{"W":{"shape":[2],"data_offsets":[0,8]}}""", 8, "tensor 'W' has no 'dtype'" },
        { """{"W":{"dtype":"F32","data_offsets":[0,8]}}""", 8, "tensor 'W' has no 'shape'" },
        { """{"W":{"dtype":"F32","shape":[2]}}""", 8, "tensor 'W' has no 'data_offsets'" },
        { """{"W":{"dtype":"F32","dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 8, "'dtype' occurs twice in tensor 'W'" },
        { """{"W":{"dtype":32,"shape":[2],"data_offsets":[0,8]}}""", 8, "dtype of 'W' must be a JSON string" },
        { """{"W":{"dtype":"F4","shape":[2],"data_offsets":[0,1]}}""", 1, "tensor 'W' has dtype F4; the format has F64, F32, F16, BF16, F8_E5M2, F8_E4M3, I64, I32, I16, I8, U64, U32, U16, U8, BOOL" },
        { """{"W":{"dtype":"F32","shape":2,"data_offsets":[0,8]}}""", 8, "shape of 'W' must be a JSON array" },
        { """{"W":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}""", 8, "shape of 'W' must hold whole numbers from 0 to 2⁶³ − 1" },
        { """{"W":{"dtype":"F32","shape":[2.5],"data_offsets":[0,8]}}""", 8, "shape of 'W' must hold whole numbers from 0 to 2⁶³ − 1" },
        { """{"W":{"dtype":"F32","shape":["2"],"data_offsets":[0,8]}}""", 8, "shape of 'W' must hold whole numbers from 0 to 2⁶³ − 1" },
        { """{"W":{"dtype":"F32","shape":[9223372036854775808],"data_offsets":[0,8]}}""", 8, "shape of 'W' must hold whole numbers from 0 to 2⁶³ − 1" },
        { """{"W":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,8]}}""", 8, "tensor W F32 [4294967296, 4294967296] has more bytes than a 64-bit number can count" },
        { """{"W":{"dtype":"F32","shape":[2],"data_offsets":[0,8,8]}}""", 8, "data_offsets of 'W' must be [begin, end] with begin ≤ end, got [0, 8, 8]" },
        { """{"W":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}""", 8, "data_offsets of 'W' must be [begin, end] with begin ≤ end, got [8, 0]" },
        { """{"W":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}""", 8, "tensor W F32 [3] needs 12 bytes; its data_offsets [0, 8] give it 8" },
        { """{"W":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"W":{"dtype":"F32","shape":[2],"data_offsets":[8,16]}}""", 16, "'W' occurs twice in the header" },
        { """{"W":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}""", 12, "tensor 'b' begins at byte 4, within 'W', which ends at 8" },
        { """{"W":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[12,20]}}""", 20, "no tensor covers the bytes from 8 to 12" },
        { """{"W":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}""", 12, "no tensor covers the bytes from 0 to 4" },
        { """{"W":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 7, "tensor 'W' ends at byte 8; the file has 7 bytes of data" },
        { """{"W":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 9, "the tensors end at byte 8; the file has 9 bytes of data" },
        { """{}""", 1, "the tensors end at byte 0; the file has 1 bytes of data" },
        { """{"__metadata__":[]}""", 0, "'__metadata__' must be a JSON object" },
        { """{"__metadata__":{"a":1}}""", 0, "metadata 'a' must be a JSON string" },
        { """{"__metadata__":{"a":"1","a":"2"}}""", 0, "metadata 'a' occurs twice" },
        { """{"__metadata__":{},"__metadata__":{}}""", 0, "'__metadata__' occurs twice in the header" },
        { """{"W":""", 0, "the header is not valid JSON: " },
        { """{} {}""", 0, "the header is not valid JSON: " },
        { """{"\uD800":{}}""", 0, "the header is not valid JSON: " },
        { "", 0, "the header is not valid JSON: " },
    };

    [Theory, MemberData(nameof(BrokenHeaders))]
    public void A_broken_header_is_named_by_file_and_rule(string header, int dataBytes, string rule)
    {
        SafetensorsException error = ErrorOf(Encoding.UTF8.GetBytes(header), dataBytes);

        Assert.StartsWith($"{Target}: {rule}", error.Message, StringComparison.Ordinal);
        Assert.Equal(Target, error.File);
        Assert.StartsWith(rule, error.Rule, StringComparison.Ordinal);
    }

    [Fact]
    public void Members_the_format_does_not_know_are_skipped_and_padding_is_accepted()
    {
        WriteRaw(Encoding.UTF8.GetBytes("""{"W":{"new":{"a":[1]},"shape":[2],"data_offsets":[0,8],"dtype":"F32"}}     """), 8);

        Assert.Equal([0, 0], Read<float>(new Shape(2)));
    }

    [Fact]
    public void Header_lengths_that_cannot_be_are_refused_before_memory_is_taken()
    {
        AssertRefused([], "8 bytes of header length expected; the file has 0");
        AssertRefused([1, 0, 0, 0], "8 bytes of header length expected; the file has 4");
        AssertRefused([3, 0, 0, 0, 0, 0, 0, 0, (byte)'{', (byte)'}'], "the header has 3 bytes; the file ends after 2 of them");
        AssertRefused([0, 0xE1, 0xF5, 5, 0, 0, 0, 0], "the header has 100000000 bytes; the file ends after 0 of them");
        AssertRefused([1, 0xE1, 0xF5, 5, 0, 0, 0, 0], "header length 100000001 is above the format's limit of 100000000 bytes; is it a safetensors file?");
        AssertRefused("PK\u0003\u0004........"u8, "header length ");

        void AssertRefused(ReadOnlySpan<byte> bytes, string rule)
        {
            string path = _folder.Write("bad", bytes);
            Assert.StartsWith(rule, Assert.Throws<SafetensorsException>(() => new SafetensorsReader(path).Dispose()).Rule, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(8, "F64", "I64", "U64")]
    [InlineData(4, "F32", "I32", "U32")]
    [InlineData(2, "F16", "BF16", "I16", "U16")]
    [InlineData(1, "F8_E5M2", "F8_E4M3", "I8", "U8", "BOOL")]
    public void Each_type_has_the_bytes_that_the_format_says(int bytes, params string[] types)
    {
        foreach (string type in types)
        {
            WriteRaw(Header(3 * bytes), 3 * bytes);
            using (var reader = new SafetensorsReader(Target))
                Assert.Equal(type, Assert.Single(reader.Entries).Type);

            Assert.Contains(type, ErrorOf(Header(3 * bytes - 1), 3 * bytes - 1).Message, StringComparison.Ordinal);
            Assert.Contains(type, ErrorOf(Header(3 * bytes + 1), 3 * bytes + 1).Message, StringComparison.Ordinal);

            byte[] Header(int length) => Encoding.UTF8.GetBytes($$$"""{"t":{"dtype":"{{{type}}}","shape":[3],"data_offsets":[0,{{{length}}}]}}""");
        }
    }

    [Fact]
    public void A_reader_that_was_disposed_has_closed_its_file()
    {
        WriteRaw("""{"t":{"dtype":"U8","shape":[3],"data_offsets":[0,3]}}"""u8.ToArray(), 3);
        var reader = new SafetensorsReader(Target);
        var bytes = new byte[3];
        reader.Read(reader.Entries[0], bytes);
        reader.Dispose();
        Assert.Throws<ObjectDisposedException>(() => reader.Read(reader.Entries[0], bytes));
    }

    [Fact]
    public void A_missing_file_and_a_directory_are_named()
    {
        Assert.Equal($"{Target}: does not exist", Assert.Throws<SafetensorsException>(() => new SafetensorsReader(Target).Dispose()).Message);
        string tooLong = new('x', 5000);
        Assert.StartsWith(
            $"{tooLong}: cannot be opened: ", Assert.Throws<SafetensorsException>(() => new SafetensorsReader(tooLong).Dispose()).Message, StringComparison.Ordinal);
        Assert.Equal($"{_folder.Path}: is a directory; a file is expected", Assert.Throws<SafetensorsException>(() => new SafetensorsReader(_folder.Path).Dispose()).Message);
    }

    [Fact]
    public void Damaged_files_are_read_or_refused_but_nothing_else()
    {
        Write<float>(Entry("W", 2, 3), new float[6], new Shape(2, 3));
        byte[] good = File.ReadAllBytes(Target);
        var random = new Random(1);
        int refused = 0;

        for (int round = 0; round < 1500; round++)
        {
            List<byte> bytes = [.. good];

            for (int change = random.Next(1, 4); change > 0; change--)
            {
                int at = random.Next(bytes.Count);

                switch (random.Next(4))
                {
                    case 0: bytes[at] = (byte)random.Next(256); break;
                    case 1: bytes[at] ^= (byte)(1 << random.Next(8)); break;
                    case 2: bytes.Insert(at, (byte)random.Next(256)); break;
                    default: bytes.RemoveAt(at); break;
                }
            }

            try
            {
                using var reader = new SafetensorsReader(_folder.Write("damaged", CollectionsMarshal.AsSpan(bytes)));
                Assert.All(reader.Header.Entries, entry => reader.Read(entry, new byte[entry.Bytes]));
            }
            catch (SafetensorsException)
            {
                refused++;
            }
        }

        Assert.InRange(refused, 750, 1499);
    }

    public void Dispose() => _folder.Dispose();

    private static SafetensorsEntry Entry(string name, params long[] shape) => new(name, Precision.Single, shape);

    private void RoundTrip<T>(Shape shape, Precision precision)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        T[] values = Random<T>(shape);
        Write(SafetensorsEntry.For("W", precision, shape), values, shape);

        Assert.True(values.AsSpan().SequenceEqual(Read<T>(shape)));

        // And in the file, element (i, j) is at i·columns + j.
        using var reader = new SafetensorsReader(Target);
        T[] rowMajor = new T[shape.Size];
        reader.Read(reader.Header.Entries[0], MemoryMarshal.AsBytes(rowMajor.AsSpan()));

        for (int i = 0; i < shape.Rows; i++)
        {
            for (int j = 0; j < shape.Columns; j++)
                Assert.True(values[j * shape.Rows + i] == rowMajor[i * shape.Columns + j], $"({i}, {j})");
        }
    }

    private static T[] Random<T>(Shape shape)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        var random = new Random(shape.GetHashCode());
        return [.. Enumerable.Range(0, shape.Size).Select(_ => T.CreateTruncating(random.NextDouble()))];
    }

    private void Write<T>(SafetensorsEntry entry, T[] values, Shape shape)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        using var writer = new SafetensorsWriter(Target, [entry]);
        writer.Append<T>(values, shape);
        writer.Commit();
    }

    private T[] Read<T>(Shape shape)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        using var reader = new SafetensorsReader(Target);
        T[] values = new T[shape.Size];
        reader.Read<T>(reader.Header.Entries[0], shape, values);
        return values;
    }

    private void WriteRaw(byte[] header, int dataBytes)
    {
        byte[] length = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, header.Length);
        File.WriteAllBytes(Target, [.. length, .. header, .. new byte[dataBytes]]);
    }

    private SafetensorsException ErrorOf(byte[] header, int dataBytes)
    {
        WriteRaw(header, dataBytes);
        return Assert.Throws<SafetensorsException>(() => new SafetensorsReader(Target).Dispose());
    }
}
