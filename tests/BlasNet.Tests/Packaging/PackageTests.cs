using System.Globalization;

namespace BlasNet.Tests.Packaging;

/// <summary>The packages as a stranger gets them: in a folder, referenced by a project outside the solution.</summary>
public sealed class PackageTests(PackedFolder packed) : IClassFixture<PackedFolder>
{
    private const int Minutes = 60_000;

    [Fact(Timeout = 5 * Minutes)]
    public async Task A_program_outside_the_solution_trains_with_the_packages()
    {
        string program = Directory.CreateDirectory(Path.Combine(packed.Path, "consumer")).FullName;
        string native = packed.NativePackage is { } id ? $"""<PackageReference Include="{id}" Version="*" />""" : "";

        File.Copy(Path.Combine(AppContext.BaseDirectory, "Packaging", "Consumer.cs.txt"), Path.Combine(program, "Program.cs"));
        File.WriteAllText(Path.Combine(program, "Consumer.csproj"), $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <OutputType>Exe</OutputType>
                <TargetFramework>net10.0</TargetFramework>
                <ImplicitUsings>enable</ImplicitUsings>
                <TreatWarningsAsErrors>true</TreatWarningsAsErrors>
              </PropertyGroup>
              <ItemGroup>
                <PackageReference Include="BlasNet" Version="*" />
                {native}
              </ItemGroup>
            </Project>
            """);

        string output = await packed.Run("dotnet", program, "run -c Release", TestContext.Current.CancellationToken);

        double first = Number(output, "first"), last = Number(output, "last");
        Assert.True(last < 0.2 * first, $"The mean loss fell only from {first} to {last}.");

        if (packed.NativePackage is not null)
            Assert.Contains($"openblas={program}", output, StringComparison.Ordinal); // the package's copy, not the system's
    }

    [Fact(Timeout = 5 * Minutes)]
    public async Task The_command_installs_as_a_tool_and_starts()
    {
        string tools = Path.Combine(packed.Path, "tools");
        await packed.Run("dotnet", packed.Path, $"tool install BlasNet.Cli --tool-path {tools}", TestContext.Current.CancellationToken);

        string version = await packed.Run(Path.Combine(tools, "blasnet"), packed.Path, "--version", TestContext.Current.CancellationToken);
        Assert.StartsWith("0.", version, StringComparison.Ordinal);
    }

    private static double Number(string output, string name) =>
        double.Parse(output.Split('\n').Single(line => line.StartsWith(name + "=", StringComparison.Ordinal))[(name.Length + 1)..], CultureInfo.InvariantCulture);
}
