using System.Diagnostics;
using System.Text;
using BlasNet.Datasets;

namespace BlasNet.Tests.Datasets;

/// <summary>What can be read once only, from front to back.</summary>
public sealed class PipeTests : IDisposable
{
    private static readonly byte[] Images = [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 0, 51, 255, 0];
    private static readonly byte[] Labels = [0, 0, 8, 1, 0, 0, 0, 2, 4, 5];

    private static readonly Dictionary<string, (byte[] Bytes, Func<string, int> Count)> Formats = new()
    {
        ["word|TAG"] = (Encoding.UTF8.GetBytes("a|X b|Y\nc|X\n"), path => TaggedFile.Read(path).Count()),
        ["CoNLL-U"] = (Encoding.UTF8.GetBytes("# c\n1\ta\t_\tX\t_\t_\t_\t_\t_\t_\n\n1\tb\t_\tY\t_\t_\t_\t_\t_\t_\n"), path => TaggedFile.Read(path).Count()),
        ["sentences"] = (Encoding.UTF8.GetBytes("a b\nc\n"), path => SentenceFile.Read(path).Count()),
        ["trees"] = (Encoding.UTF8.GetBytes("(A x)\n(B y)\n"), path => TreeFile.Read(path).Count()),
        ["digits"] = (Encoding.UTF8.GetBytes("0,51,4\n255,0,5\n"), path => DigitFile.Read(path).Count),
        ["images"] = (Images, path => DigitFile.Read(path, Path.Combine(Path.GetDirectoryName(path)!, "labels")).Count),
    };

    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string, bool> Pipes => new(
        from format in Formats.Keys
        from zipped in new[] { false, true }
        select (format, zipped));

    [Theory, MemberData(nameof(Pipes))]
    public async Task A_pipe_is_read_as_a_file_is(string format, bool zipped)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Pipes have no names in the file system of Windows.");
        (byte[] bytes, Func<string, int> count) = Formats[format];
        _folder.Write("labels", Labels);
        string pipe = _folder.File("pipe");
        using (Process make = Process.Start("mkfifo", [pipe]))
            await make.WaitForExitAsync(TestContext.Current.CancellationToken);

        Task writing = Task.Run(() => File.WriteAllBytes(pipe, zipped ? TemporaryFolder.Gzip(bytes) : bytes), TestContext.Current.CancellationToken);

        Assert.Equal(2, count(pipe));
        await writing;
    }

    public void Dispose() => _folder.Dispose();
}
