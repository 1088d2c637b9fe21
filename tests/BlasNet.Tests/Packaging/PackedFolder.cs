using System.Runtime.InteropServices;
using CliWrap;
using CliWrap.Buffered;

namespace BlasNet.Tests.Packaging;

/// <summary>The packages of this build, packed once into a folder of its own, with a package cache of its own.</summary>
/// <remarks>Builds of what is not committed yet have the version of the commit before, so the machine's cache would serve the packages of an earlier one.</remarks>
public sealed class PackedFolder : IAsyncLifetime
{
    public static readonly string Rid =
        (OperatingSystem.IsWindows() ? "win" : OperatingSystem.IsMacOS() ? "osx" : "linux") +
        (RuntimeInformation.OSArchitecture == Architecture.Arm64 ? "-arm64" : "-x64");

    private readonly TemporaryFolder _folder = new();

    /// <summary>The native package's identifier, or null where the build collected no OpenBLAS.</summary>
    public string? NativePackage { get; } = Directory.EnumerateFiles(AppContext.BaseDirectory, "libopenblas*").Any() ? $"BlasNet.Native.{Rid}" : null;

    public string Path => _folder.Path;

    public async ValueTask InitializeAsync()
    {
        string root = Repository.Root;
        string pack = $"-c {Configuration()} -o {Path}/packages";

        // As they were built for these tests, so that packing builds nothing a second time.
        await Pack(root, $"BlasNet.sln --no-build {pack}");

        if (NativePackage is not null)
            await Pack(root, $"native -p:BlasNetNative={Rid} {pack}");

        // The folder comes before the sources that the machine is set up with, which supply what the packages depend on.
        _folder.Write("nuget.config", """
            <configuration>
              <packageSources>
                <add key="packed" value="packages" />
              </packageSources>
            </configuration>
            """);
    }

    /// <summary>Runs a program with this folder's package cache, or fails with all that it printed.</summary>
    /// <returns>What it wrote to standard output.</returns>
    public Task<string> Run(
        string program, string directory, string arguments, CancellationToken cancellation, params (string Name, string Value)[] variables) =>
        Execute(CliWrap.Cli.Wrap(program)
            .WithArguments(arguments)
            .WithWorkingDirectory(directory)
            .WithEnvironmentVariables(builder =>
            {
                builder.Set("NUGET_PACKAGES", _folder.File("cache"));
                foreach ((string name, string value) in variables)
                    builder.Set(name, value);
            }), cancellation);

    public ValueTask DisposeAsync()
    {
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }

    private static Task<string> Pack(string root, string arguments) =>
        Execute(CliWrap.Cli.Wrap("dotnet").WithArguments($"pack {arguments}").WithWorkingDirectory(root), TestContext.Current.CancellationToken);

    private static async Task<string> Execute(Command command, CancellationToken cancellation)
    {
        BufferedCommandResult result = await command.WithValidation(CommandResultValidation.None)
            .ExecuteBufferedAsync(cancellation);

        Assert.True(result.ExitCode == 0, $"{command}\nin {command.WorkingDirPath}: exit code {result.ExitCode}\n" +
            result.StandardOutput + result.StandardError);
        return result.StandardOutput;
    }

    /// <summary>Debug or Release, whichever these tests were built as: bin/[configuration]/[framework]/.</summary>
    private static string Configuration() => new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name;
}
