using System.Diagnostics;
using BlasNet.Cli.CommandLine;

namespace BlasNet.Tests.Cli;

/// <summary>Where the output of a process goes: pipes that nobody reads, full disks, closed descriptors, devices in the place of files.</summary>
public sealed class OutputTests : IDisposable
{
    private const string SmallTraining = "train digits --limit 40 --epochs 2 --hidden 4";

    private static readonly string Program = Path.Combine(AppContext.BaseDirectory, "BlasNet.Cli.dll");

    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData("--help")]
    [InlineData("--version")]
    [InlineData("train digits --help")]
    [InlineData(SmallTraining)]
    [InlineData(SmallTraining + " --json")]
    [InlineData("explain")]
    [InlineData("doctor")]
    [InlineData("bench gemm --sizes 16 --batches 1")]
    public async Task Where_nobody_reads_any_more_a_command_ends_without_a_word(string command)
    {
        CommandResult result = await Shell($"set -o pipefail; (sleep 0.1; dotnet '{Program}' {command}) | true");

        Assert.Equal((ExitCodes.BrokenPipe, ""), (result.ExitCode, result.Error));
    }

    [Theory]
    [InlineData("> /dev/full", "Error: The output cannot be written: No space left on device\n")]
    [InlineData(">&-", "Error: The output cannot be written: it is closed.\n")]
    [InlineData(">&- 2>&-", "")]
    public async Task An_output_that_cannot_be_written_is_an_error(string redirection, string error)
    {
        Assert.SkipUnless(File.Exists("/dev/full"), "There is no /dev/full.");
        CommandResult result = await Shell($"dotnet '{Program}' explain {redirection}");

        Assert.Equal((ExitCodes.Failure, error), (result.ExitCode, result.Error));
    }

    [Theory]
    [InlineData(SmallTraining + " --save")]
    [InlineData("experiment batch-size --quick --batches 128 --compute-batches 128 --out")]
    public async Task A_full_disk_is_an_error_and_the_device_stays_a_device(string command)
    {
        Assert.SkipUnless(File.Exists("/dev/full"), "There is no /dev/full.");
        string[] before = Directory.GetFileSystemEntries("/dev", ".*");
        CommandResult result = await Shell($"dotnet '{Program}' {command} /dev/full");

        Assert.Equal(ExitCodes.Failure, result.ExitCode);
        Assert.EndsWith("/dev/full: cannot be written: No space left on device : '/dev/full'\n", result.Error, StringComparison.Ordinal);
        Assert.Equal("", (await Shell("test -c /dev/full || echo gone")).Output);
        Assert.Equal(before, Directory.GetFileSystemEntries("/dev", ".*"));
    }

    [Fact]
    public async Task What_is_saved_to_a_pipe_comes_out_of_it()
    {
        Assert.SkipUnless(File.Exists("/bin/bash"), "There is no /bin/bash.");
        string file = _folder.File("direct"), copy = _folder.File("copy"), pipe = _folder.File("pipe");
        CommandResult result = await Shell(
            $"mkfifo '{pipe}'; cat '{pipe}' > '{copy}' & dotnet '{Program}' {SmallTraining} --save '{pipe}' && wait && dotnet '{Program}' {SmallTraining} --save '{file}'");

        Assert.Equal((ExitCodes.Success, ""), (result.ExitCode, result.Error));
        Assert.Equal(await File.ReadAllBytesAsync(file, TestContext.Current.CancellationToken), await File.ReadAllBytesAsync(copy, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task What_is_saved_under_a_link_goes_where_it_points_and_the_link_stays()
    {
        string target = _folder.File("target"), link = _folder.File("link");
        File.CreateSymbolicLink(link, target);
        string save = $"dotnet '{Program}' {SmallTraining} --save '{link}'";
        Assert.Equal(ExitCodes.Success, (await Shell($"{save} && {save}")).ExitCode);

        Assert.Equal(target, new FileInfo(link).LinkTarget);
        Assert.True(new FileInfo(target) is { Length: > 0, LinkTarget: null });
        Assert.Equal(2, Directory.GetFileSystemEntries(_folder.Path).Length);
    }

    [Fact]
    public async Task Data_comes_from_a_pipe()
    {
        Assert.SkipUnless(File.Exists("/bin/bash"), "There is no /bin/bash.");
        string text = _folder.Write("trees", "(1 (0 a) (1 b))\n(0 (0 a) (0 c))\n(1 (1 b) (1 b))\n");
        const string Training = "train tree --epochs 1 --embedding 4 --hidden 4 --json";
        CommandResult result = await Shell($"dotnet '{Program}' {Training} --data <(gzip < '{text}') && cat '{text}' | dotnet '{Program}' {Training} --data /dev/stdin");

        Assert.Equal(ExitCodes.Success, result.ExitCode);
        Assert.Equal(2, result.Lines.Count(line => line.Contains("\"train_examples\":2", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task What_is_written_after_the_command_stands_after_its_output()
    {
        Assert.SkipUnless(File.Exists("/bin/bash"), "There is no /bin/bash.");
        string file = _folder.File("output");
        await Shell($"(echo before; dotnet '{Program}' --version; echo after) > '{file}'");

        Assert.Equal(["before", CliApplication.Version, "after"], await File.ReadAllLinesAsync(file, TestContext.Current.CancellationToken));
    }

    public void Dispose() => _folder.Dispose();

    private static async Task<CommandResult> Shell(string script)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "There is no shell.");
        var start = new ProcessStartInfo("bash") { RedirectStandardOutput = true, RedirectStandardError = true };
        start.ArgumentList.Add("-c");
        start.ArgumentList.Add(script);
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        string error = await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return new CommandResult(process.ExitCode, await output, error);
    }
}
