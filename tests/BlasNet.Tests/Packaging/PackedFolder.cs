using System.Runtime.InteropServices;
using CliWrap;
using CliWrap.Buffered;

namespace BlasNet.Tests.Packaging;

/// <summary>The packages of this build, packed once into a folder of its own, with a package cache of its own.</summary>
/// <remarks>Their version is above any other and used once, so that no cache and no source has an older package to give in their place.</remarks>
public sealed class PackedFolder : IAsyncLifetime
{
    public static readonly string Rid =
        (OperatingSystem.IsWindows() ? "win" : OperatingSystem.IsMacOS() ? "osx" : "linux") +
        (RuntimeInformation.OSArchitecture == Architecture.Arm64 ? "-arm64" : "-x64");

    private readonly TemporaryFolder _folder = new();

    /// <summary>The native package's identifier, or null where the build collected no OpenBLAS.</summary>
    public string? NativePackage { get; } = Directory.EnumerateFiles(AppContext.BaseDirectory, "libopenblas*").Any() ? $"BlasNet.Native.{Rid}" : null;

    /// <summary>Whether the library is compiled ahead of time too, as the build script packs it: where that compiler has been fetched.</summary>
    public bool IsCompiledAhead { get; } =
        Directory.Exists(System.IO.Path.Combine(MachineCache(), $"microsoft.netcore.app.crossgen2.{Rid}", Environment.Version.ToString()));

    public string Path => _folder.Path;

    public async ValueTask InitializeAsync()
    {
        string root = Repository.Root;
        string pack = $"-c {Configuration()} -o {Path}/packages -p:MinVerVersionOverride=9999.0.0-test.{DateTime.UtcNow:yyyyMMddHHmmss}";

        // As they were built for these tests, so that packing builds nothing a second time.
        await Pack(root, $"BlasNet.sln --no-build {pack}{(NativePackage is null ? "" : $" -p:BlasNetToolNatives={Rid}")}");

        if (IsCompiledAhead)
            await Pack(root, $"src/BlasNet --no-build -p:ReadyToRun={Rid} {pack}");

        if (NativePackage is not null)
            await Pack(root, $"native -p:BlasNetNative={Rid} {pack}");

        // The folder comes before the sources that the machine is set up with; its cache has what the packages depend on, since these tests were built with it.
        _folder.Write("nuget.config", $"""
            <configuration>
              <packageSources>
                <add key="packed" value="packages" />
              </packageSources>
              <fallbackPackageFolders>
                <add key="machine" value="{MachineCache()}" />
              </fallbackPackageFolders>
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

    private static string MachineCache() => Environment.GetEnvironmentVariable("NUGET_PACKAGES")
        ?? System.IO.Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");

    /// <summary>Debug or Release, whichever these tests were built as: bin/[configuration]/[framework]/.</summary>
    private static string Configuration() => new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name;
}
