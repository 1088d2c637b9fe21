using System.Globalization;
using System.IO.Compression;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Xml.Linq;
using BlasNet.Cli.CommandLine;

namespace BlasNet.Tests.Packaging;

/// <summary>The packages as a stranger gets them: in a folder, referenced by a project outside the solution.</summary>
public sealed class PackageTests(PackedFolder packed) : IClassFixture<PackedFolder>
{
    private const int Minutes = 60_000;

    [Fact(Timeout = 5 * Minutes)]
    public async Task A_program_outside_the_solution_trains_with_the_packages_and_uses_every_door()
    {
        string program = WriteProgram("consumer");
        string output = await packed.Run("dotnet", program, "run -c Release", TestContext.Current.CancellationToken);

        double first = Number(output, "first"), last = Number(output, "last");
        Assert.True(last < 0.2 * first, $"The mean loss fell only from {first} to {last}.");

        if (packed.NativePackage is not null)
            Assert.Contains($"openblas={program}", output, StringComparison.Ordinal); // the package's copy, not the system's

        AssertEveryDoorWasUsed(output);

        string settings = File.ReadAllText(Path.Combine(program, "bin", "Release", "net10.0", "Consumer.runtimeconfig.json"));   // BlasNetFastStart
        Assert.Contains("\"System.Runtime.TieredPGO\": false", settings, StringComparison.Ordinal);
        Assert.Contains("\"System.Runtime.TieredCompilation.CallCountingDelayMs\": 1", settings, StringComparison.Ordinal);
        Assert.Contains("\"System.Runtime.TieredCompilation.CallCountThreshold\": 512", settings, StringComparison.Ordinal);
    }

    // As in OwnProgramTests, which say where the numbers come from.
    private static void AssertEveryDoorWasUsed(string output)
    {
        string[] lines = output.Split('\n', StringSplitOptions.TrimEntries);
        Assert.All((string[])
        [
            "fit=3.0000 -1.0000", "values=-0.2500 -0.2500 -0.2500", "load=2 taken; missing: extra [2]; unexpected: none", "error=0.0000",
            "derivatives=0.0000", "runs=2", "nodes=Leaf:input×3 Leaf:W×1 Product:matmul×3 Function:log-cosh×3 Function:sum×3",
        ], line => Assert.Contains(line, lines));
        Assert.All(lines.Single(line => line.StartsWith("gradients=", StringComparison.Ordinal))["gradients=".Length..].Split(' '),
            gradient => Assert.Equal("0.0000", gradient.TrimStart('-')));   // where the fit is
        string[] losses = lines.Single(line => line.StartsWith("losses=", StringComparison.Ordinal))["losses=".Length..].Split(' ');
        Assert.All(losses, loss => Assert.Equal(losses[0], loss));
        Assert.Contains(lines, line => line.StartsWith("plan=matmul ×3", StringComparison.Ordinal));
    }

    [Fact(Timeout = 5 * Minutes)]
    public async Task A_program_in_one_file_finds_the_library_that_it_carries_where_it_was_extracted()
    {
        Assert.SkipWhen(packed.NativePackage is null, "the build collected no OpenBLAS");
        string program = WriteProgram("single"), published = Path.Combine(program, "published"), extracted = Path.Combine(program, "extracted");
        await packed.Run(
            "dotnet", program,
            $"publish -c Release -r {PackedFolder.Rid} --self-contained false -o {published} -p:PublishSingleFile=true " +
            "-p:IncludeNativeLibrariesForSelfExtract=true",
            TestContext.Current.CancellationToken);

        Assert.Empty(Directory.GetFiles(published, "*openblas*"));
        string output = await packed.Run(
            Path.Combine(published, "Consumer"), packed.Path, "", TestContext.Current.CancellationToken, ("DOTNET_BUNDLE_EXTRACT_BASE_DIR", extracted));
        Assert.Contains($"openblas={extracted}", output, StringComparison.Ordinal);
    }

    [Fact(Timeout = 5 * Minutes)]
    public async Task The_sample_script_finds_the_library_in_the_package_cache()
    {
        Assert.SkipWhen(packed.NativePackage is null, "the build collected no OpenBLAS");
        string folder = Directory.CreateDirectory(Path.Combine(packed.Path, "script")).FullName;
        string sample = Samples.TextOf("Script/Digits.fsx");
        File.WriteAllText(Path.Combine(folder, "script.fsx"), $"""
            #i "nuget: {Path.Combine(packed.Path, "packages")}"
            #r "nuget: {packed.NativePackage}, *-*"
            {sample}
            for part in System.Diagnostics.Process.GetCurrentProcess().Modules do
                if part.FileName.Contains "openblas" then printfn "openblas=%s" part.FileName
            """);

        string output = await packed.Run("dotnet", folder, "fsi script.fsx", TestContext.Current.CancellationToken);
        Assert.Contains($"openblas={Path.Combine(packed.Path, "cache")}", output, StringComparison.Ordinal);
        Assert.Matches("9[0-9] % of the test right", output);
    }

    [Fact(Timeout = 5 * Minutes)]
    public async Task Every_sample_runs_with_the_packages()
    {
        string folder = Samples.CopyTo(Path.Combine(packed.Path, "samples"));
        string build = $"build {Samples.Solution} -c Release -v q -p:RunAnalyzers=false";
        await packed.Run("dotnet", folder, build, TestContext.Current.CancellationToken);
        Assert.Equal(Samples.Projects(folder), Samples.Expected.Keys.Order(StringComparer.Ordinal));
        foreach ((string name, string printed) in Samples.Expected)
        {
            string program = Path.Combine(folder, name, "bin", "Release", "net10.0", $"{name}.dll");
            Assert.Matches(printed, await packed.Run("dotnet", folder, program, TestContext.Current.CancellationToken));
        }
    }

    [Fact(Timeout = 5 * Minutes)]
    public async Task The_command_installs_as_a_tool_and_starts()
    {
        string tools = Path.Combine(packed.Path, "tools");
        await packed.Run("dotnet", packed.Path, $"tool install BlasNet.Cli --prerelease --tool-path {tools}", TestContext.Current.CancellationToken);

        string version = await packed.Run(Path.Combine(tools, "blasnet"), packed.Path, "--version", TestContext.Current.CancellationToken);
        Assert.Equal(CliApplication.Version, version.TrimEnd()); // this build's, and no older one's
        if (packed.NativePackage is not null)
        {
            string examined = await packed.Run(Path.Combine(tools, "blasnet"), packed.Path, "doctor --json", TestContext.Current.CancellationToken);
            Assert.Contains($"/runtimes/{PackedFolder.Rid}/native/", examined.Replace('\\', '/'), StringComparison.Ordinal); // the library of its own package
        }
    }

    [Fact]
    public void What_is_compiled_ahead_of_time_is_the_portable_library()
    {
        Assert.SkipUnless(packed.IsCompiledAhead, "the package Microsoft.NETCore.App.Crossgen2 has not been fetched (dotnet cake --target=Pack)");
        using ZipArchive package = ZipFile.OpenRead(Directory.GetFiles(Path.Combine(packed.Path, "packages"), "BlasNet.9999*.nupkg").Single());
        byte[] portable = Read("lib/net10.0/BlasNet.dll"), compiled = Read($"runtimes/{PackedFolder.Rid}/lib/net10.0/BlasNet.dll");
        Assert.True(compiled.Length > 2 * portable.Length, $"{compiled.Length} bytes with compiled code, {portable.Length} without");
        Assert.Equal(ModuleId(portable), ModuleId(compiled));

        byte[] Read(string name)
        {
            var bytes = new MemoryStream();
            using Stream entry = package.GetEntry(name)!.Open();
            entry.CopyTo(bytes);
            return bytes.ToArray();
        }

        static Guid ModuleId(byte[] assembly)
        {
            using var image = new PEReader(new MemoryStream(assembly));
            MetadataReader metadata = image.GetMetadataReader();
            return metadata.GetGuid(metadata.GetModuleDefinition().Mvid);
        }
    }

    [Fact]
    public void Each_package_shows_an_icon_a_readme_of_its_own_and_what_is_new()
    {
        string[] packages = Directory.GetFiles(Path.Combine(packed.Path, "packages"), "*.nupkg");
        Assert.Equal(packed.NativePackage is null ? 7 : 8, packages.Length);
        Assert.Equal(packages.Length, packages.Select(package => Text(package, "README")).Distinct().Count());
        Assert.All(packages, package =>
        {
            XElement metadata = XDocument.Parse(Text(package, ".nuspec")).Root!.Elements().Single();
            string? Value(string name) => metadata.Elements().SingleOrDefault(element => element.Name.LocalName == name)?.Value;
            Assert.StartsWith("## ", Value("releaseNotes"), StringComparison.Ordinal);
            Assert.DoesNotContain("\n## ", Value("releaseNotes"), StringComparison.Ordinal);
            Assert.Equal("icon.png", Value("icon"));
            Assert.Contains("dotnet ", Text(package, "README"), StringComparison.Ordinal);
            Assert.DoesNotMatch(@"\]\((?!https://)", Text(package, "README")); // a package's page has no files beside it
        });

        static string Text(string package, string name)
        {
            using ZipArchive archive = ZipFile.OpenRead(package);
            ZipArchiveEntry file = archive.Entries.Single(entry => !entry.FullName.Contains('/') && entry.Name.Contains(name, StringComparison.Ordinal));
            using var reader = new StreamReader(file.Open());
            return reader.ReadToEnd();
        }
    }

    private string WriteProgram(string name)
    {
        string program = Directory.CreateDirectory(Path.Combine(packed.Path, name)).FullName;
        string native = packed.NativePackage is { } id ? $"""<PackageReference Include="{id}" Version="*-*" />""" : "";
        File.Copy(Path.Combine(AppContext.BaseDirectory, "Packaging", "Consumer.cs.txt"), Path.Combine(program, "Program.cs"));
        foreach (string file in Directory.EnumerateFiles(Path.Combine(Repository.Root, "tests", "BlasNet.Stranger"), "*.cs"))
            File.Copy(file, Path.Combine(program, Path.GetFileName(file)));

        File.WriteAllText(Path.Combine(program, "Consumer.csproj"), $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <OutputType>Exe</OutputType>
                <TargetFramework>net10.0</TargetFramework>
                <ImplicitUsings>enable</ImplicitUsings>
                <Nullable>enable</Nullable>
                <TreatWarningsAsErrors>true</TreatWarningsAsErrors>
                <BlasNetFastStart>true</BlasNetFastStart>
              </PropertyGroup>
              <ItemGroup>
                <PackageReference Include="BlasNet" Version="*-*" />
                {native}
              </ItemGroup>
            </Project>
            """);
        return program;
    }

    private static double Number(string output, string name) =>
        double.Parse(output.Split('\n').Single(line => line.StartsWith(name + "=", StringComparison.Ordinal))[(name.Length + 1)..], CultureInfo.InvariantCulture);
}
