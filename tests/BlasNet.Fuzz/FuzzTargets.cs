using BlasNet.Cli.CommandLine;
using BlasNet.Datasets;
using BlasNet.Training;

namespace BlasNet.Fuzz;

/// <summary>Every reader of files, given any bytes: it returns, or throws the exceptions that its documentation names. Anything else is a fault.</summary>
internal static class FuzzTargets
{
    private const string Name = "fuzz";

    /// <summary>Items of a file that are looked at: a few bytes of gzip may stand for gigabytes.</summary>
    private const int MaximumItems = 10_000;

    private const long MaximumBytes = 1 << 22;

    /// <summary>By the name of the folder of its seeds.</summary>
    public static IReadOnlyDictionary<string, Action<byte[]>> All { get; } = new Dictionary<string, Action<byte[]>>
    {
        ["idx-images"] = bytes => ReadIdx(bytes, IdxContent.Images),
        ["idx-labels"] = bytes => ReadIdx(bytes, IdxContent.Labels),
        ["csv"] = ReadCsv,
        ["gzip"] = bytes => Documented<DataFormatException>(() => DataFile.Unzip(Name, new MemoryStream(bytes)).CopyTo(new BoundedStream())),
        ["conllu"] = bytes => ReadLines(bytes, open => Conllu.Read(open, requireTags: false)),
        ["tagged"] = bytes => ReadLines(bytes, open => TaggedLines.Read(open)),
        ["text"] = bytes => ReadLines(bytes, PlainText.Read),
        ["brackets"] = bytes => ReadLines(bytes, open => TreeFile.Read(open).Select(ReadAgain)),
        ["listops"] = bytes => ReadLines(bytes, open => TreeFile.Read(open).Select(Binarize)),
        ["safetensors"] = bytes => WithFile(Name, bytes, (_, file) => ReadModel(file)),
        ["manifest"] = bytes => WithFile(CheckpointFolder.Manifest, bytes, (folder, _) =>
            Documented<CheckpointException>(() => CheckpointManifest.Read(folder, CheckpointFolder.Manifest))),
        ["response"] = bytes => WithFile(Name, bytes, (_, file) => Documented<ResponseFileException>(() => ResponseFile.Expand(["@" + file]))),
    };

    private static void Documented<TException>(Action read)
        where TException : Exception
    {
        try
        {
            read();
        }
        catch (TException)
        {
        }
    }

    private static void ReadIdx(byte[] bytes, IdxContent content) => Documented<DataFormatException>(() =>
    {
        using var file = new IdxFile(Name, new MemoryStream(bytes), content);
        float[] item = new float[file.ItemSize];
        for (int i = 0; i < file.Count; i++)
            file.ReadItem(i, item);

        file.ExpectEnd();
    });

    private static void ReadCsv(byte[] bytes)
    {
        foreach (LabelColumn label in Enum.GetValues<LabelColumn>())
            ReadLines(bytes, open => CsvDigits.Read(open, maximum: 255, divisor: 255, label, heading: false));
    }

    private static void ReadLines<T>(byte[] bytes, Func<Func<LineReader>, IEnumerable<T>> read) => Documented<DataFormatException>(() =>
    {
        Conllu.IsConllu(Name, new MemoryStream(bytes));
        foreach (T item in read(() => new LineReader(Name, DataFile.Unzip(Name, new MemoryStream(bytes)))).Take(MaximumItems))
            GC.KeepAlive(item);
    });

    private static Tree ReadAgain(Tree tree)
    {
        string text = tree.ToString();
        string again = Tree.Parse(text).ToString();
        return again == text ? tree.Binarize() : throw new InvalidOperationException($"{text} is read back as {again}");
    }

    private static Tree Binarize(Tree tree)
    {
        Documented<ArgumentException>(() => ListOps.Binarize(tree));
        return tree;
    }

    private static void ReadModel(string file) => Documented<SafetensorsException>(() =>
    {
        using var model = new Model(seed: 1);
        model.Weight("W", 2, 3);
        model.Bias("b", 2);
        model.Load(file);
    });

    private static void WithFile(string name, byte[] bytes, Action<string, string> read)
    {
        string folder = Directory.CreateTempSubdirectory("blasnet-fuzz-").FullName;
        try
        {
            string file = Path.Combine(folder, name);
            File.WriteAllBytes(file, bytes);
            read(folder, file);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Takes a few megabytes and drops them.</summary>
    private sealed class BoundedStream : Stream
    {
        private long _written;

        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            if ((_written += buffer.Length) > MaximumBytes)
                throw DataFormatException.InFile(Name, "is too long for this");
        }

        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
