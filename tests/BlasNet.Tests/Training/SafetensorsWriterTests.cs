using BlasNet.Training;

namespace BlasNet.Tests.Training;

/// <summary>What a writer of safetensors leaves behind, and what it refuses.</summary>
public sealed class SafetensorsWriterTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Target => _folder.File("model.safetensors");

    [Fact]
    public void A_write_given_up_half_way_leaves_the_old_file_and_nothing_else()
    {
        Write([1, 2]);
        byte[] before = File.ReadAllBytes(Target);

        using (var writer = new SafetensorsWriter(Target, [Entry("W", 2), Entry("b", 2)]))
            writer.Append<float>([3, 4], new Shape(2));

        Assert.Equal(before, File.ReadAllBytes(Target));
        Assert.Equal([Target], Directory.GetFileSystemEntries(_folder.Path));
    }

    [Fact]
    public void A_new_file_replaces_the_old_one_only_when_it_is_committed()
    {
        Write([1, 2]);

        using (var writer = new SafetensorsWriter(Target, [Entry("W", 2)]))
        {
            writer.Append<float>([3, 4], new Shape(2));
            Assert.Equal([1, 2], Read());
            writer.Commit();
            Assert.Equal([3, 4], Read());
        }

        Assert.Equal([Target], Directory.GetFileSystemEntries(_folder.Path));
    }

    [Fact]
    public void What_a_reader_would_refuse_is_not_written()
    {
        Assert.Equal($"{Target}: 'W' occurs twice in the header",
            Assert.Throws<SafetensorsException>(() => new SafetensorsWriter(Target, [Entry("W", 2), Entry("W", 2)]).Dispose()).Message);
        Assert.Empty(Directory.GetFileSystemEntries(_folder.Path));
    }

    [Fact]
    public void Tensors_must_be_written_each_once_and_whole()
    {
        using var writer = new SafetensorsWriter(Target, [Entry("W", 2)]);

        Assert.Throws<InvalidOperationException>(writer.Commit);
        Assert.Throws<ArgumentException>(() => writer.Append<float>([1, 2, 3], new Shape(3)));
        writer.Append<float>([1, 2], new Shape(2));
        Assert.Throws<InvalidOperationException>(() => writer.Append<float>([1, 2], new Shape(2)));
    }

    [Theory]
    [InlineData("no/such/folder/m.safetensors")]
    [InlineData("")]
    public void A_place_that_cannot_be_written_is_named(string name)
    {
        string path = _folder.File(name).TrimEnd('/');

        Assert.StartsWith($"{path}: cannot be written: ",
            Assert.Throws<IOException>(() => new SafetensorsWriter(path, [Entry("W", 2)]).Dispose()).Message, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    private static SafetensorsEntry Entry(string name, params long[] shape) => new(name, Precision.Single, shape);

    private void Write(float[] values)
    {
        using var writer = new SafetensorsWriter(Target, [Entry("W", values.Length)]);
        writer.Append(values);
        writer.Commit();
    }

    private float[] Read()
    {
        using var reader = new SafetensorsReader(Target);
        var values = new float[reader.Entries[0].Elements];
        reader.Read<float>(reader.Entries[0], values);
        return values;
    }
}
