using System.Buffers.Binary;
using BlasNet.Graphs;
using BlasNet.Training;

namespace BlasNet.Tests.Training;

/// <summary>Parameters from files of other programs: other names, other types, only some of them; and from streams.</summary>
public sealed class ModelLoadTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly Model _model = new(1);
    private readonly Parameter _w, _b;

    public ModelLoadTests() => (_w, _b) = (_model.Weight("W", 2, 3), _model.Bias("b", 2));

    private string Target => _folder.File("other.safetensors");

    [Fact]
    public void Names_may_be_mapped_and_tensors_left_out()
    {
        Write([new("layer.weight", "F32", 2, 3), new("layer.bias", "F32", 2), new("step", "I64")], [1f, 2, 3, 4, 5, 6], [7f, 8]);
        _model.Load(Target, name => name switch { "layer.weight" => "W", "layer.bias" => "b", _ => null });
        Assert.Equal([1, 4, 2, 5, 3, 6], _model.ValuesOf(_w));
        Assert.Equal([7, 8], _model.ValuesOf(_b));
    }

    [Fact]
    public void What_is_there_is_taken_and_the_rest_reported()
    {
        double[] before = _model.ValuesOf(_b);
        Write([new("layer.weight", "F32", 2, 3), new("pooler", "F32", 2), new("step", "I64")], [1f, 2, 3, 4, 5, 6], [7f, 8]);
        LoadReport report = _model.LoadPartially(Target, name => name switch { "layer.weight" => "W", "step" => null, _ => name });

        Assert.Equal([KeyValuePair.Create(_w, "layer.weight")], report.Taken);
        Assert.Equal([_b], report.Missing);
        Assert.Equal(["pooler"], report.Unexpected);
        Assert.Equal("text", report.Metadata["note"]);
        Assert.Equal("1 taken; missing: b [2]; unexpected: pooler", report.ToString());
        Assert.Equal([1, 4, 2, 5, 3, 6], _model.ValuesOf(_w));
        Assert.Equal(before, _model.ValuesOf(_b));
    }

    [Fact]
    public void A_tensor_that_does_not_fit_is_refused_also_in_part()
    {
        double[] before = [.. _model.ValuesOf(_w), .. _model.ValuesOf(_b)];
        Write([new("W", "F32", 3, 2)], [1f, 2, 3, 4, 5, 6]);
        AssertRefused("tensor W F32 [3, 2] does not fit the parameter W [2 × 3]", () => _model.LoadPartially(Target));
        Write([new("b", "I64", 2)]);
        AssertRefused("tensor b I64 [2] does not fit the parameter b [2]", () => _model.LoadPartially(Target));
        Write([new("x.b", "F32", 2), new("y.b", "F32", 2)], [1f, 2], [3f, 4]);
        AssertRefused("tensors x.b F32 [2] and y.b F32 [2] are both named 'b' by the map of names", () => _model.LoadPartially(Target, name => name[2..]));
        AssertRefused("has no tensor for the parameter W [2 × 3]. It has: x.b F32 [2], y.b F32 [2].", () => _model.Load(Target));
        Assert.Equal(before, _model.Parameters.SelectMany(_model.ValuesOf));
    }

    /// <summary>Every one of the 65,536 halves; the infinite ones and NaN have their own place in the format.</summary>
    [Theory, InlineData("F16"), InlineData("BF16")]
    public void Halves_are_read_exactly(string type)
    {
        byte[] bytes = new byte[2 << 16];
        for (int i = 0; i < 1 << 16; i++)
            BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(2 * i), (ushort)i);

        using (var writer = new SafetensorsWriter(Target, [new("x", type, 256, 256)]))
        {
            writer.Append(bytes);
            writer.Commit();
        }

        using var reader = new SafetensorsReader(Target);
        var (floats, doubles) = (new float[1 << 16], new double[1 << 16]);
        reader.Read(reader.Entries[0], floats);
        reader.Read(reader.Entries[0], doubles);
        for (int i = 0; i < floats.Length; i++)
        {
            double expected = type == "F16" ? ValueOf(i, exponentBits: 5) : ValueOf(i, exponentBits: 8);
            Assert.Equal(expected, floats[i]);
            Assert.Equal(expected, doubles[i]);
        }

        using var model = new Model();
        Parameter x = model.Weight("x", 128, 1);
        using (var writer = new SafetensorsWriter(Target, [new("x", type, 128)]))
        {
            writer.Append(bytes.AsSpan(2 * 0x3F00, 256));
            writer.Commit();
        }

        model.Load(Target);
        Assert.Equal(doubles[0x3F00..0x3F80], model.ValuesOf(x));
    }

    [Theory, InlineData(true), InlineData(false)]
    public void A_model_travels_by_a_stream(bool canSeek)
    {
        using var stream = new MemoryStream();
        stream.WriteByte(9);
        _model.Save(stream, new Dictionary<string, string> { ["kind"] = "small" });
        stream.WriteByte(9);
        using var other = new Model(2);
        var (b, w) = (other.Bias("b", 2), other.Weight("W", 2, 3));   // in another order than the file
        if (canSeek)
            stream.SetLength(stream.Length - 1);   // its length says where the file ends

        stream.Position = 1;
        using Stream source = canSeek ? stream : new OneWay(stream);
        other.Load(source);
        Assert.Equal(_model.ValuesOf(_w), other.ValuesOf(w));
        Assert.Equal(_model.ValuesOf(_b), other.ValuesOf(b));

        stream.Position = 1;
        LoadReport report = other.LoadPartially(canSeek ? stream : new OneWay(stream));
        Assert.Equal("small", report.Metadata["kind"]);
        Assert.Equal(2, report.Taken.Count);
    }

    [Fact]
    public void A_stream_gives_the_bytes_of_a_file_and_one_that_ends_early_is_refused()
    {
        using var stream = new MemoryStream();
        _model.Save(stream);
        _model.Save(Target);
        Assert.Equal(File.ReadAllBytes(Target), stream.ToArray());

        for (int length = 0; length < stream.Length; length += 7)
        {
            byte[] start = stream.ToArray()[..length];
            using OneWay cut = new(new MemoryStream(start)), again = new(new MemoryStream(start));
            Assert.Equal("the stream: ends early", Assert.Throws<SafetensorsException>(() => _model.Load(cut)).Message);
            Assert.Equal(
                "the stream: ends early",
                Assert.Throws<SafetensorsException>(() => _model.LoadPartially(again, name => name == "W" ? null : name)).Message);
        }
    }

    [Fact]
    public void A_stream_that_cannot_go_back_says_so()
    {
        using var stream = new MemoryStream();
        _model.Save(stream);
        stream.Position = 0;
        using var reader = new SafetensorsReader(new OneWay(stream));
        float[] b = new float[2], w = new float[6];
        reader.Read(reader.Entries[1], b);
        Assert.Equal(_model.ValuesOf(_b), b.Select(value => (double)value));
        Assert.Contains("cannot go back", Assert.Throws<InvalidOperationException>(() => reader.Read(reader.Entries[0], w)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_reader_and_a_writer_are_for_anybody()
    {
        using (var writer = new SafetensorsWriter(Target, [new("a", "F32", 2, 2), new("b", "F64", 1), new("mask", "BOOL", 3)], new Dictionary<string,
            string>
        { ["x"] = "y" }))
        {
            writer.Append([1f, 2, 3, 4]);
            Assert.Equal("tensor b F64 [1] is not of type F32.", Assert.Throws<ArgumentException>(() => writer.Append([1f])).Message);
            writer.Append([0.1]);
            writer.Append([1, 0, 1]);
            writer.Commit();
        }

        using var reader = new SafetensorsReader(Target);
        Assert.Equal(["a F32 [2, 2]", "b F64 [1]", "mask BOOL [3]"], reader.Entries.Select(entry => entry.ToString()));
        Assert.Equal((4, 16, true, false),
            (reader.Entries[0].Elements, reader.Entries[0].Bytes, reader.Entries[1].IsFloatingPoint, reader.Entries[2].IsFloatingPoint));
        Assert.Equal("y", reader.Metadata["x"]);
        var rows = new double[4];
        reader.Read(reader.Entries[0], rows);
        Assert.Equal([1, 2, 3, 4], rows);
        var mask = new byte[3];
        reader.Read(reader.Entries[2], mask);
        Assert.Equal([1, 0, 1], mask);
        Assert.Equal("Tensor a F32 [2, 2] has 4 numbers; the span has 3.",
            Assert.Throws<ArgumentException>(() => reader.Read(reader.Entries[0], new float[3])).Message);
        Assert.StartsWith("Tensor mask BOOL [3] is not of floating-point numbers",
            Assert.Throws<ArgumentException>(() => reader.Read(reader.Entries[2], new float[3])).Message, StringComparison.Ordinal);
        Assert.StartsWith("F12 is no element type", Assert.Throws<ArgumentException>(() => new SafetensorsEntry("a", "F12", 1)).Message,
            StringComparison.Ordinal);
        Assert.StartsWith("A dimension of a F32 [-1] is negative.", Assert.Throws<ArgumentException>(() => new SafetensorsEntry("a", "F32", -1)).Message,
            StringComparison.Ordinal);
    }

    [Theory, InlineData(Precision.Single), InlineData(Precision.Double)]
    public void Values_are_set_and_copied_as_floats(Precision precision)
    {
        using var model = new Model(1, precision);
        Parameter p = model.Bias("p", 3);
        model.SetValues(p, new float[] { 0.1f, 2, 3 });
        var (floats, doubles) = (new float[3], new double[3]);
        model.CopyValues(p, floats);
        model.CopyValues(p, doubles);
        Assert.Equal([0.1f, 2, 3], floats);
        Assert.Equal([0.1f, 2, 3], doubles);
        Assert.StartsWith("p [3] takes 3 values, not 2.", Assert.Throws<ArgumentException>(() => model.CopyValues(p, new float[2])).Message,
            StringComparison.Ordinal);
        Assert.StartsWith("p [3] takes 3 values, not 2.", Assert.Throws<ArgumentException>(() => model.SetValues(p, new float[2])).Message,
            StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => model.CopyValues(_b, new float[2]));
    }

    public void Dispose()
    {
        _model.Dispose();
        _folder.Dispose();
    }

    // Tensors of no values given are 0.
    private void Write(SafetensorsEntry[] entries, params float[][] values)
    {
        using var writer = new SafetensorsWriter(Target, entries, new Dictionary<string, string> { ["note"] = "text" });
        for (int i = 0; i < entries.Length; i++)
        {
            if (i < values.Length)
                writer.Append(values[i].AsSpan());
            else
                writer.Append(new byte[entries[i].Bytes]);
        }

        writer.Commit();
    }

    private void AssertRefused(string rule, Action action) => Assert.Equal($"{Target}: {rule}", Assert.Throws<SafetensorsException>(action).Message);

    // By the definition: (−1)ˢ·2^(e − bias)·(1 + f/2ⁿ), or 2^(1 − bias)·f/2ⁿ for e = 0.
    private static double ValueOf(int bits, int exponentBits)
    {
        int fractionBits = 15 - exponentBits, bias = (1 << (exponentBits - 1)) - 1;
        int exponent = (bits >> fractionBits) & ((1 << exponentBits) - 1), fraction = bits & ((1 << fractionBits) - 1);
        double sign = bits >> 15 == 0 ? 1 : -1;
        if (exponent == (1 << exponentBits) - 1)
            return fraction == 0 ? sign * double.PositiveInfinity : double.NaN;

        double part = fraction / (double)(1 << fractionBits);
        return sign * (exponent == 0 ? Math.ScaleB(part, 1 - bias) : Math.ScaleB(1 + part, exponent - bias));
    }

    /// <summary>A stream that cannot seek, and gives a few bytes at a time.</summary>
    private sealed class OneWay(Stream inner) : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override int Read(byte[] buffer, int offset, int count) => inner.Read(buffer, offset, Math.Min(count, 5));

        public override int Read(Span<byte> buffer) => inner.Read(buffer[..Math.Min(buffer.Length, 5)]);

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
