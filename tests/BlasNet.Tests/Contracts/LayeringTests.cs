using System.Text.RegularExpressions;

namespace BlasNet.Tests.Contracts;

/// <summary>Dependencies between the folders of the library point one way.</summary>
public sealed partial class LayeringTests
{
    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["Native"] = [],
        ["Memory"] = [],
        ["Kernels"] = ["Native", "Memory"],
        ["Graphs"] = ["Memory", "Kernels"],
        ["Operators"] = ["Graphs", "Kernels", "Memory"],
        ["Passes"] = ["Graphs", "Memory"],
        ["Derivatives"] = ["Passes", "Operators", "Graphs", "Memory"],
        ["Execution"] = ["Passes", "Graphs", "Kernels", "Memory"],
        ["Layers"] = ["Operators", "Graphs"],
        ["Training"] = ["Native", "Memory", "Kernels", "Graphs", "Operators", "Passes", "Derivatives", "Execution", "Layers"],
    };

    public static TheoryData<string> Folders => [.. Directory.GetDirectories(Library).Select(folder => Path.GetFileName(folder)).Where(name => name is not ("bin" or "obj"))];

    private static string Library { get; } = Path.Combine(Root(), "src", "BlasNet");

    [Theory, MemberData(nameof(Folders))]
    public void A_folder_uses_only_the_layers_below_it(string folder)
    {
        Assert.Contains(folder, Allowed.Keys);
        var wrong =
            from file in Directory.GetFiles(Path.Combine(Library, folder), "*.cs", SearchOption.AllDirectories)
            from Match use in Layer().Matches(File.ReadAllText(file))
            where use.Groups["layer"].Value != folder && !Allowed[folder].Contains(use.Groups["layer"].Value)
            select $"{Path.GetRelativePath(Library, file)}: {use.Value.Trim()}";
        Assert.Empty(wrong);
    }

    [Theory, MemberData(nameof(Folders))]
    public void A_file_is_in_the_namespace_of_its_folder(string folder)
    {
        var wrong =
            from file in Directory.GetFiles(Path.Combine(Library, folder), "*.cs", SearchOption.AllDirectories)
            let name = Namespace().Match(File.ReadAllText(file)).Groups["name"].Value
            let expected = "BlasNet." + Path.GetRelativePath(Library, Path.GetDirectoryName(file)!).Replace(Path.DirectorySeparatorChar, '.')
            where name != expected && name != "BlasNet"   // types that every user needs are in the root namespace
            select $"{Path.GetRelativePath(Library, file)}: {name}";
        Assert.Empty(wrong);
    }

    // `using BlasNet.Graphs.Structure;`, `using static BlasNet.Operators.Op;`, an alias, or a name with its namespace.
    [GeneratedRegex(@"(?<!namespace )\bBlasNet\.(?<layer>Native|Memory|Kernels|Graphs|Operators|Passes|Derivatives|Execution|Layers|Training)\b")]
    private static partial Regex Layer();

    [GeneratedRegex(@"^namespace (?<name>[\w.]+)", RegexOptions.Multiline)]
    private static partial Regex Namespace();

    private static string Root()
    {
        string? folder = AppContext.BaseDirectory;
        while (folder != null && !File.Exists(Path.Combine(folder, "BlasNet.sln")))
            folder = Path.GetDirectoryName(folder);

        return folder ?? throw new InvalidOperationException($"BlasNet.sln is not above {AppContext.BaseDirectory}.");
    }
}
